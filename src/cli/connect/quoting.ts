import { shellWord } from '../output/words.js';

/** The shells that a command line can be written for. */
export const SHELLS = ['posix', 'powershell', 'cmd'] as const;
export type Shell = (typeof SHELLS)[number];

export const usualShell = (platform: NodeJS.Platform): Shell => (platform === 'win32' ? 'powershell' : 'posix');

/** One line that starts the program with exactly these arguments when it is typed into the shell. */
export function commandLine(file: string, args: readonly string[], shell: Shell): string {
  switch (shell) {
    case 'posix':
      return [file, ...args].map(shellWord).join(' ');
    case 'powershell': {
      const program = powershellWord(file);
      // A string in quotes is a value to PowerShell; & runs it.
      return [program.startsWith("'") ? `& ${program}` : program, ...args.map(powershellWord)].join(' ');
    }
    case 'cmd':
      return [file, ...args].map(cmdWord).join(' ');
  }
}

/**
 * In single quotes nothing has a meaning but the quote (and those that PowerShell takes for one). Without them, a word
 * with a dash in front would be cut at a dot or a colon.
 */
const powershellWord = (text: string): string =>
  /^[\w+=:./\\-]+$/.test(text) && !/^-.*[.:]/.test(text)
    ? text
    : `'${text.replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;

/**
 * Quotes as the C run time takes apart (backslashes double before a quote), and a caret before everything that cmd
 * itself would act upon, `%` of variables included; then not even the quotes mean anything to cmd.
 */
function cmdWord(text: string): string {
  if (/^[\w@+=:,./\\-]+$/.test(text)) return text;
  const quoted = `"${text.replaceAll(/(\\*)("|$)/g, (_, slashes: string, end: string) => slashes + slashes + (end === '"' ? '\\"' : ''))}"`;
  return /^[\w@+=:,./\\ -]*$/.test(text) ? quoted : quoted.replaceAll(/[()%!^"<>&|]/g, '^$&');
}
