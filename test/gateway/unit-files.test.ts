import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { SETTINGS } from '../../src/platform/config/settings.js';
import { run } from '../../src/demo/namespace.js';
import { MAIN } from './lab.js';

/** Values of a unit file by their keys; a key may be there several times, and then has all its words. */
function unit(name: string): (key: string) => string[] {
  const text = readFileSync(join(import.meta.dirname, '../../docker/systemd', name), 'utf8');
  const pairs = text.split('\n').flatMap((line) => {
    const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
    return key === undefined || value === undefined ? [] : [{ key, words: value.split(' ') }];
  });
  return (key) => pairs.filter((pair) => pair.key === key).flatMap(({ words }) => words);
}

const restore = unit('berth-gateway-restore.service');
const gateway = unit('berth-gateway.service');

describe('the unit files', () => {
  it('have the rules back before any network is up, and the gateway after that', () => {
    expect(restore('Before')).toContain('network-pre.target');
    expect(restore('Wants')).toContain('network-pre.target');
    expect(restore('DefaultDependencies')).toEqual(['no']);
    expect(restore('After')).toContain('nftables.service');
    expect(restore('Type')).toEqual(['oneshot']);
    expect(gateway('After')).toContain('berth-gateway-restore.service');
  });

  it('speak of one file, by settings that there are, with the same privileges', () => {
    const state = (of: typeof restore): string[] =>
      of('Environment').filter((word) => word.startsWith('BERTH_GATEWAY_STATE='));
    expect(state(restore)).toEqual(state(gateway));
    const names = new Set(Object.values(SETTINGS).flatMap((group) => Object.values(group).map(({ name }) => name)));
    for (const word of [...restore('Environment'), ...gateway('Environment')]) {
      expect(names).toContain(word.slice(0, word.indexOf('=')));
    }
    expect(restore('CapabilityBoundingSet')).toEqual(gateway('CapabilityBoundingSet'));
    expect(restore('StateDirectory')).toEqual(gateway('StateDirectory'));
  });

  it.each([
    ['restore', restore],
    ['gateway', gateway],
  ])('start %s by a command that there is', async (name, of) => {
    const [, main, ...words] = of('ExecStart');
    expect(main).toMatch(/dist\/src\/main\.js$/);
    const { code, stdout } = await run(process.execPath, [MAIN, ...words, '--help']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(`Usage: berth.* ${name}`)]);
  });
});
