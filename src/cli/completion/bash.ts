import { quoted, type OptionWord, type Place } from './tree.js';

const at = (path: string, word: string): string => quoted(`${path}|${word}`);
const valued = (options: readonly OptionWord[]): readonly OptionWord[] => options.filter((option) => option.takesValue);

/** Patterns of a `case` for options of all places that fulfil a condition. */
const patterns = (places: readonly Place[], fits: (option: OptionWord) => boolean): string =>
  places
    .flatMap(({ path, options }) => options.filter(fits).flatMap(({ flags }) => flags.map((flag) => at(path, flag))))
    .join('|');

/** Finds out at which place the words before the cursor lead to: sets `at`. For bash and zsh alike. */
export function walkLines(places: readonly Place[]): readonly string[] {
  const steps = places.flatMap(({ path, commands }) => commands.map(({ word }) => at(path, word)));
  return [
    '    case "$at|$word" in',
    `      ${steps.join('|')}) at="\${at:+$at }$word" ;;`,
    `      ${patterns(places, (option) => option.takesValue)}) skip=1 ;;`,
    '    esac',
  ];
}

/** A completion script for bash 3.2 and later. */
export function bashScript(places: readonly Place[]): string {
  const choices = places.flatMap(({ path, options }) =>
    valued(options)
      .filter((option) => option.choices.length > 0)
      .map(
        ({ flags, choices }) =>
          `    ${flags.map((flag) => at(path, flag)).join('|')}) words=${quoted(choices.join(' '))} ;;`,
      ),
  );
  const files = patterns(places, (option) => option.file);
  const words = places.map(({ path, commands, choices, options }) => {
    const all = [...commands.map(({ word }) => word), ...choices, ...options.flatMap(({ flags }) => flags)];
    return `        ${quoted(path)}) words=${quoted(all.join(' '))} ;;`;
  });
  return [
    '# bash completion of vlab: source <(vlab completion bash)',
    '_vlab() {',
    '  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
    "  local at='' word words='' skip=0 index",
    '  for ((index = 1; index < COMP_CWORD; index++)); do',
    '    word="${COMP_WORDS[index]}"',
    '    if [[ $skip == 1 ]]; then skip=0; continue; fi',
    ...walkLines(places),
    '  done',
    '  case "$at|$previous" in',
    ...choices,
    `    ${files}) COMPREPLY=($(compgen -f -- "$current")); return ;;`,
    '    *)',
    '      [[ $skip == 1 ]] && return',
    '      case "$at" in',
    ...words,
    '      esac ;;',
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -F _vlab vlab',
    '',
  ].join('\n');
}
