/** Exit codes, part of the command line's contract (docs/cli.md). */
export const EXIT = { ok: 0, error: 1, usage: 2, notFound: 3 } as const;

/** Something that the user is told in one sentence, with what to do about it. */
export class Failure extends Error {
  override readonly name = 'Failure';

  constructor(
    message: string,
    readonly exitCode: number = EXIT.error,
    /** More lines: fields with their errors, what to do. */
    readonly hints: readonly string[] = [],
  ) {
    super(message);
  }
}

export const usage = (message: string): Failure => new Failure(message, EXIT.usage);
export const notFound = (message: string): Failure => new Failure(message, EXIT.notFound);
