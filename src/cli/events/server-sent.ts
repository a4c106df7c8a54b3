/** One event of a stream; `data` is empty for one that only moves the id on. */
export interface ServerSent {
  readonly id?: string;
  readonly data: string;
}

/** Reads server-sent events (WHATWG HTML section 9.2.6) from chunks of text, which may break anywhere. */
export async function* serverSentEvents(chunks: AsyncIterable<string>): AsyncGenerator<ServerSent> {
  let id: string | undefined;
  let data: string[] = [];
  for await (const line of linesOf(chunks)) {
    if (line === '') {
      if (data.length > 0 || id !== undefined) yield { data: data.join('\n'), ...(id === undefined ? {} : { id }) };
      id = undefined;
      data = [];
      continue;
    }
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
    // An empty field name is a comment; other fields mean nothing to us.
  }
}

/** Lines, ended by LF, CR LF or CR; what follows the last end is no line yet. */
async function* linesOf(chunks: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of chunks) {
    rest += chunk;
    // A CR at the very end may be half of a CR LF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    yield* lines;
  }
}
