/**
 * C0 and C1 controls, DEL, line and paragraph separators, and the marks that turn the direction of text: in a terminal
 * they could move the cursor, recolour what follows, or make one name look like another.
 */
// eslint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The text with such characters written as `\x1b` or `\u202e`: other people's names can be shown without harm. */
export function safeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

const ZERO_WIDTH = /\p{Mn}|\p{Me}|[\u200b-\u200d]/u;
const WIDE =
  /[\u1100-\u115f\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6\p{Emoji_Presentation}]/u;

/** Columns that the text takes in a terminal. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (ZERO_WIDTH.test(character)) continue;
    width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
