import type { Command, Option } from 'commander';

export interface Word {
  readonly word: string;
  readonly description: string;
}

export interface OptionWord {
  /** `-n` and `--name`, those that it has. */
  readonly flags: readonly string[];
  readonly description: string;
  /** The next word is its value. */
  readonly takesValue: boolean;
  readonly choices: readonly string[];
  /** Its value is the path of a file. */
  readonly file: boolean;
}

/** What can stand at one place of the command line. */
export interface Place {
  /** Commands up to here: `pool list`; empty at the beginning. */
  readonly path: string;
  readonly commands: readonly Word[];
  /** Words that an argument may be. */
  readonly choices: readonly string[];
  readonly options: readonly OptionWord[];
}

/** All places of a program, from its commander tree. Global options can stand everywhere. */
export function places(program: Command): readonly Place[] {
  const visit = (command: Command, path: string, inherited: readonly OptionWord[]): Place[] => {
    const help = command.createHelp();
    const own = help.visibleOptions(command).map(optionWord);
    const options = [...own, ...inherited.filter(({ flags }) => !own.some((option) => sharesFlag(option, flags)))];
    const commands = help.visibleCommands(command).filter((child) => child.name() !== 'help');
    return [
      {
        path,
        commands: commands.map((child) => ({ word: child.name(), description: child.description() })),
        choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
        options,
      },
      ...commands.flatMap((child) => visit(child, `${path} ${child.name()}`.trim(), path === '' ? own : inherited)),
    ];
  };
  return visit(program, '', []);
}

function optionWord(option: Option): OptionWord {
  return {
    flags: [option.short, option.long].filter((flag) => flag !== undefined),
    description: option.description,
    takesValue: option.required,
    choices: option.argChoices ?? [],
    file: /<file>/.test(option.flags),
  };
}

const sharesFlag = (option: OptionWord, flags: readonly string[]): boolean =>
  option.flags.some((flag) => flags.includes(flag));

/** Text inside single quotes of a shell. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
