import { ErrorCategory, ErrorDomain, MastraError } from '@mastra/core/error';

/** What differs between the peer's exporters in texts that users see and match on. */
export interface Contract {
  /** Class name in messages. */
  exporterName: string;
  /** Prefix of every error id. */
  errorIdPrefix: string;
}

/** Values that `MastraError.details` carries. */
type Details = NonNullable<ConstructorParameters<typeof MastraError>[0]['details']>;

/** A `MastraError` in the peer's manner: domain `MASTRA_OBSERVABILITY`, category `USER`, id with the contract's prefix. */
export function exporterError(
  contract: Contract,
  idSuffix: string,
  { text, details, cause }: { text?: string; details?: Record<string, unknown>; cause?: unknown },
): MastraError {
  return new MastraError(
    {
      id: `${contract.errorIdPrefix}_${idSuffix}` as Uppercase<string>,
      domain: ErrorDomain.MASTRA_OBSERVABILITY,
      category: ErrorCategory.USER,
      ...(text === undefined ? {} : { text }),
      // What a caller passed is shown as it is, whatever its type.
      ...(details === undefined ? {} : { details: details as Details }),
    },
    cause,
  );
}
