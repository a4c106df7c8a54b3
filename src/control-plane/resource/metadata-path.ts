/** A place in metadata and the scalar to be there, as text. */
export interface MetadataMatch {
  path: string[];
  value: string;
}

/**
 * Parses `rack.slot:12`: member (or array index) names separated by dots, a colon, the value: a string's text, a number as
 * it was written, true or false. Nothing before the colon is the whole of metadata. A backslash before a dot, a colon or
 * a backslash makes it part of a name. Undefined when there is no colon, or a name is empty.
 */
export function parseMetadataMatch(text: string): MetadataMatch | undefined {
  const path: string[] = [];
  let name = '';
  for (let n = 0; n < text.length; n++) {
    const character = text[n] ?? '';
    if (character === '\\') name += text[++n] ?? '';
    else if (character !== '.' && character !== ':') name += character;
    else {
      const whole = character === ':' && path.length === 0 && name === '';
      if (name === '' && !whole) return undefined;
      if (!whole) path.push(name);
      name = '';
      if (character === ':') return { path, value: text.slice(n + 1) };
    }
  }
  return undefined;
}
