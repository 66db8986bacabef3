import { ErrorCategory, ErrorDomain, MastraError } from '@mastra/core/error';

/** The names that users see in messages and match on in error ids. */
export interface Names {
  /** Class name in messages. */
  exporterName: string;
  /** Prefix of every error id. */
  errorIdPrefix: string;
}

/** Values that `MastraError.details` carries. */
type Details = NonNullable<ConstructorParameters<typeof MastraError>[0]['details']>;

/**
 * A `MastraError` as the peer makes it: domain `MASTRA_OBSERVABILITY`, category `USER`, id with the contract's prefix.
 */
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
      // The value that a caller has passed is shown unchanged, whatever its type.
      ...(details === undefined ? {} : { details: details as Details }),
    },
    cause,
  );
}
