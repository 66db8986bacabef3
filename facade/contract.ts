import { ErrorCategory, ErrorDomain, MastraError } from '@mastra/core/error';

/** What differs between the peer's exporters: the names that users see and match on, and where credentials come from. */
export interface Contract<Config = never> {
  /** `exporter.name`. */
  name: string;
  /** Class name in messages. */
  exporterName: string;
  /** Prefix of every error id. */
  errorIdPrefix: string;
  /** The variable that a disabled exporter misses. */
  tokenVariable: string;
  /** Whether the collector may pause the exporter for lack of quota. */
  quotaPause: boolean;
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

/** The names alone. */
export type Names = Pick<Contract, 'exporterName' | 'errorIdPrefix'>;

/** Values that `MastraError.details` carries. */
type Details = NonNullable<ConstructorParameters<typeof MastraError>[0]['details']>;

/** A `MastraError` in the peer's manner: domain `MASTRA_OBSERVABILITY`, category `USER`, id with the contract's prefix. */
export function exporterError(
  names: Names,
  idSuffix: string,
  { text, details, cause }: { text?: string; details?: Record<string, unknown>; cause?: unknown },
): MastraError {
  return new MastraError(
    {
      id: `${names.errorIdPrefix}_${idSuffix}` as Uppercase<string>,
      domain: ErrorDomain.MASTRA_OBSERVABILITY,
      category: ErrorCategory.USER,
      ...(text === undefined ? {} : { text }),
      // What a caller passed is shown as it is, whatever its type.
      ...(details === undefined ? {} : { details: details as Details }),
    },
    cause,
  );
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
