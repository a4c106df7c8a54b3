import { walkLines } from './bash.js';
import { quoted, type Place } from './tree.js';

/** A word with its description, as zsh's _describe wants it. */
const described = (word: string, description: string): string =>
  quoted(`${word.replaceAll(':', '\\:')}:${description.replaceAll('\n', ' ')}`);

/** A completion script for zsh. */
export function zshScript(places: readonly Place[]): string {
  const values = places.flatMap(({ path, options }) =>
    options
      .filter((option) => option.choices.length > 0 || option.file)
      .map(({ flags, choices, file }) => {
        const patterns = flags.map((flag) => quoted(`${path}|${flag}`)).join('|');
        return `    ${patterns}) ${file ? '_files' : `compadd -- ${choices.map(quoted).join(' ')}`}; return ;;`;
      }),
  );
  const candidates = places.map(({ path, commands, choices, options }) => {
    const words = [
      ...commands.map(({ word, description }) => described(word, description)),
      ...choices.map((choice) => described(choice, '')),
    ];
    const flags = options.flatMap((option) => option.flags.map((flag) => described(flag, option.description)));
    return `    ${quoted(path)}) candidates=(${words.join(' ')}); flags=(${flags.join(' ')}) ;;`;
  });
  return [
    '#compdef vlab',
    '# zsh completion of vlab: source <(vlab completion zsh), after compinit',
    '_vlab() {',
    '  local at=\'\' word previous="${words[CURRENT-1]}" skip=0 index',
    '  local -a candidates flags',
    '  for ((index = 2; index < CURRENT; index++)); do',
    '    word="${words[index]}"',
    '    if [[ $skip == 1 ]]; then skip=0; continue; fi',
    ...walkLines(places),
    '  done',
    '  case "$at|$previous" in',
    ...values,
    '  esac',
    '  [[ $skip == 1 ]] && return',
    '  case "$at" in',
    ...candidates,
    '  esac',
    '  if [[ ${words[CURRENT]} == -* ]]; then',
    "    _describe 'option' flags -o",
    '  else',
    "    _describe 'command' candidates",
    '  fi',
    '}',
    'compdef _vlab vlab',
    '',
  ].join('\n');
}
