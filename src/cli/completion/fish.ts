import type { OptionWord, Place } from './tree.js';

/** Text inside single quotes of fish, where only the quote and the backslash are special. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A completion script for fish 3. */
export function fishScript(places: readonly Place[]): string {
  const steps = places.flatMap(({ path, commands }) => commands.map(({ word }) => quoted(`${path}|${word}`)));
  const valued = places.flatMap(({ path, options }) =>
    options
      .filter((option) => option.takesValue)
      .flatMap(({ flags }) => flags.map((flag) => quoted(`${path}|${flag}`))),
  );
  return [
    '# fish completion of vlab: vlab completion fish | source',
    'function __vlab_at',
    "    set -l at ''",
    '    set -l skip 0',
    '    for word in (commandline -opc)[2..-1]',
    '        if test $skip = 1',
    '            set skip 0',
    '            continue',
    '        end',
    '        switch "$at|$word"',
    `            case ${steps.join(' ')}`,
    '                set at (string trim "$at $word")',
    `            case ${valued.join(' ')}`,
    '                set skip 1',
    '        end',
    '    end',
    '    test "$at" = "$argv[1]"',
    'end',
    'complete -c vlab -f',
    ...places.flatMap(({ path, commands, choices, options }) => {
      const here = `complete -c vlab -n ${quoted(`__vlab_at ${quoted(path)}`)}`;
      return [
        ...commands.map(({ word, description }) => `${here} -a ${quoted(word)} -d ${quoted(description)}`),
        ...choices.map((choice) => `${here} -a ${quoted(choice)}`),
        ...options.map((option) => `${here} ${flagsOf(option)}`),
      ];
    }),
    '',
  ].join('\n');
}

function flagsOf({ flags, description, takesValue, choices, file }: OptionWord): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const value = takesValue ? [file ? '-r -F' : '-x'] : [];
  const words = choices.length === 0 ? [] : [`-a ${quoted(choices.join(' '))}`];
  return [...names, ...value, ...words, `-d ${quoted(description)}`].join(' ');
}
