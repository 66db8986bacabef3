// The environment variables the exporters read, and others that are given, set for the time of one synchronous call.
const NAMES = [
  'MASTRA_CLOUD_ACCESS_TOKEN', 'MASTRA_CLOUD_TRACES_ENDPOINT', 'MASTRA_PROJECT_ID',
  'MASTRA_PLATFORM_ACCESS_TOKEN', 'MASTRA_PLATFORM_OBSERVABILITY_ENDPOINT',
  'MASTRA_CLOUD_AI_TRACES_ENDPOINT',
];

export function withEnv(variables, run) {
  const names = [...new Set([...NAMES, ...Object.keys(variables)])];
  const saved = names.map((name) => [name, process.env[name]]);
  const apply = ([name, value]) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const name of names) apply([name, variables[name]]);
  try {
    return run();
  } finally {
    saved.forEach(apply);
  }
}
