import type { Command } from 'commander';

const textOf = (lines: readonly string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;

/** Adds examples below a command's help. */
export const examples = (command: Command, ...lines: readonly string[]): Command =>
  command.addHelpText('after', textOf(lines));

/** The same for a group, and for each command in it. */
export const groupExamples = (command: Command, lines: readonly string[]): Command =>
  command.addHelpText('afterAll', textOf(lines));
