import { describe, expect, it } from '@jest/globals';
import { parseMetadataMatch } from './metadata-path.js';

describe('a match of metadata', () => {
  it.each([
    ['rack:r12', ['rack'], 'r12'],
    ['rack.slot:12', ['rack', 'slot'], '12'],
    ['nics.0.mac:52:54:00:aa:bb:cc', ['nics', '0', 'mac'], '52:54:00:aa:bb:cc'],
    [':172.31.128.0/24', [], '172.31.128.0/24'],
    ['example\\.org\\:8000.owner:me', ['example.org:8000', 'owner'], 'me'],
    ['a\\\\b:', ['a\\b'], ''],
  ])('%s', (text, path, value) => {
    expect(parseMetadataMatch(text)).toEqual({ path, value });
  });

  it.each(['', 'rack', 'rack\\:r12', '.rack:1', 'rack..slot:1', 'rack.:1', 'x\\'])('%j is none', (text) => {
    expect(parseMetadataMatch(text)).toBeUndefined();
  });
});
