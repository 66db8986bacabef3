import { mastra } from '../../../mastra.js';

export async function POST(request) {
  const run = await mastra.getWorkflow('greeting').createRun();
  const { result } = await run.start({ inputData: await request.json() });
  return Response.json(result);
}
