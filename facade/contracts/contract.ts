import { exporterError, type Names } from '../log/errors.js';

/** What differs between the peer's exporters: the names that users see and match on, and where credentials come from. */
export interface Contract<Config = never> extends Names {
  /** `exporter.name`. */
  name: string;
  /** The variable that a disabled exporter misses. */
  tokenVariable: string;
  /** The options that are not numbers. */
  knownOptions: readonly string[];
  /** Whether the collector may pause the exporter for lack of quota. */
  quotaPause: boolean;
  /** The peer's prototype. */
  javascriptExporter: object;
  /** Token, project and address of traces, from options and environment. @throws MastraError */
  credentials(config: Config): Credentials;
}

/** Who sends, and where to. Values are checked later, so any type may arrive. */
export interface Credentials {
  accessToken: unknown;
  /** Valid, or absent. */
  projectId: string | undefined;
  tracesEndpoint: unknown;
}

/** The project id if it may stand in a URL. */
export function isProjectId(projectId: string): boolean {
  return /^[a-zA-Z0-9_-]+$/.test(projectId);
}

/** @throws MastraError `<PREFIX>_INVALID_PROJECT_ID` */
export function checkProjectId(names: Names, projectId: string | undefined): void {
  if (projectId === undefined || isProjectId(projectId)) return;
  throw exporterError(names, 'INVALID_PROJECT_ID', {
    text: `${names.exporterName} projectId must only contain letters, numbers, hyphens, and underscores.`,
    details: { projectId },
  });
}
