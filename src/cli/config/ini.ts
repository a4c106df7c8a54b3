/** A section's values, by name in lower case. */
export type Values = ReadonlyMap<string, string>;

export interface Ini {
  /** By name, as written. */
  readonly sections: ReadonlyMap<string, Values>;
  /** Lines that are none of an INI file, and names that stand twice; with their numbers. */
  readonly faults: readonly string[];
}

/**
 * Reads an INI file as Python's configparser writes and reads it: `[SECTION]`, `name = value` or `name: value`, lines
 * that begin with `#` or `;`, values that go on in indented lines. A value is everything up to the end of its line, so
 * paths may have blanks, `#` and `%` in them.
 */
export function readIni(text: string): Ini {
  const sections = new Map<string, Map<string, string>>();
  const faults: string[] = [];
  let values: Map<string, string> | undefined;
  let last: string | undefined;
  for (const [index, line] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || /^[#;]/.test(trimmed)) continue;
    const title = /^\[([^\]]+)\]\s*$/.exec(line)?.[1];
    const [, name, value = ''] = /^([^\s=:[][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    const place = `line ${index + 1}`;
    if (title !== undefined) {
      if (sections.has(title)) faults.push(`${place}: [${title}] stands there twice`);
      values = sections.get(title) ?? new Map<string, string>();
      sections.set(title, values);
      last = undefined;
    } else if (values === undefined) {
      faults.push(`${place}: it must begin with a section such as [SSH]`);
    } else if (/^\s/.test(line) && last !== undefined) {
      values.set(last, [values.get(last) ?? '', trimmed].filter(Boolean).join('\n'));
    } else if (name === undefined) {
      faults.push(`${place}: it must be like name = value`);
    } else {
      last = name.toLowerCase();
      if (values.has(last)) faults.push(`${place}: ${last} stands there twice`);
      values.set(last, value);
    }
  }
  return { sections, faults };
}

/** The same as text. */
export function writeIni(sections: ReadonlyMap<string, Values>): string {
  return [...sections]
    .map(([title, values]) =>
      [`[${title}]`, ...[...values].map(([name, value]) => `${name} = ${value}`), ''].join('\n'),
    )
    .join('\n');
}
