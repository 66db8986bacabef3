import { exporterError, type Names } from '../log/errors.js';

/** The differences between the exporters: the names that users see and match on, and the source of the credentials. */
export interface Contract<Config = never> extends Names {
  /** `exporter.name`. */
  name: string;
  /** The environment variable that a disabled exporter names as missing. */
  tokenVariable: string;
  /** The options that are not numbers. */
  knownOptions: readonly string[];
  /** Whether the collector may pause the exporter for lack of quota. */
  quotaPause: boolean;
  /** The prototype of the peer's class. */
  javascriptExporter: object;
  /** Returns token, project and address of traces, from options and environment. @throws MastraError */
  credentials(config: Config): Credentials;
}

/** Credentials and addresses. Values are checked later, so any type may arrive. */
export interface Credentials {
  accessToken: unknown;
  /** A valid project id, or absent. */
  projectId: string | undefined;
  tracesEndpoint: unknown;
}

/** The project id, if a URL may contain it. */
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
