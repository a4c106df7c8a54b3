/**
 * What nft says when it refuses, in one line: `Error: <why>`, then the command, then carets under the part that it means.
 * The command may be the whole of a long transaction, so only that part is repeated.
 */
export function wordsOf(stderr: string): string {
  const lines = stderr.split('\n');
  const errors = lines.flatMap((line, index) => {
    const why = /Error: (.*)$/.exec(line)?.[1];
    if (why === undefined) return [];
    const [command = '', carets = ''] = lines.slice(index + 1, index + 3);
    const from = carets.search(/[\^~]/);
    const part = from < 0 ? '' : command.slice(from, carets.trimEnd().length).slice(0, 200);
    return [part === '' ? why : `${why} (${part})`];
  });
  return errors.length > 0
    ? [...new Set(errors)].slice(0, 5).join('; ')
    : stderr.trim().replaceAll('\n', ' ').slice(0, 500);
}

/** A table, set or map that is not there. */
export const isMissing = (stderr: string): boolean =>
  /Error: (?:Could not process rule: )?No such file or directory/.test(stderr);
