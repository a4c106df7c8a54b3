/** `192.0.2.10:50000` or `[2001:db8::1]:50000`. */
export const hostPort = (address: string, port: number): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** How long ago an RFC 3339 time was: `12 s ago`, `3 h ago`; `never` for null. */
export function ago(time: string | null, now = Date.now()): string {
  if (time === null) return 'never';
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1];
  return `${Math.floor(seconds / size)} ${unit} ago`;
}

/** 0.256 is `25.6 %`; what is not quite nothing, or not quite all, is not rounded to it. */
export function percent(share: number | undefined): string {
  if (share === undefined) return '';
  if (share > 0 && share < 0.001) return '< 0.1 %';
  if (share < 1 && share > 0.999) return '> 99.9 %';
  return `${Math.round(share * 1000) / 10} %`;
}

/** `1 address`, `3 addresses`. */
export const counted = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`;

/** A command within a sentence. */
export const cited = (command: string): string => (command.includes("'") ? `\`${command}\`` : `'${command}'`);

/** A word as it is, anything else in quotes that a POSIX shell takes back apart. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

/** Bytes for people, in powers of 1024. */
export function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? bytes : (bytes / 1024 ** power).toFixed(1)} ${units[power] ?? ''}`;
}
