import { describe, expect, it } from '@jest/globals';
import { bySpace, grouped, restAfter } from './need.js';

describe('grouped', () => {
  const need = (claim: number, index: number, spaces: string[], count: number, align?: number) => ({
    ...{ claim, index },
    need: { spaces, count, ...(align !== undefined && { align }) },
  });

  it('puts together what is asked of the same spaces, blocks first, then in the order of needs and spaces', () => {
    const groups = grouped([
      need(0, 0, ['10', '9'], 2),
      need(1, 1, ['8'], 1),
      need(2, 0, ['9', '10'], 3),
      need(3, 0, ['9', '10'], 4, 4),
      need(4, 0, ['8'], 0),
      need(5, 0, ['8'], 5),
    ]);
    expect(groups.map(({ spaces, align, requests }) => [spaces, align, requests.map(({ claim }) => claim)])).toEqual([
      [['9', '10'], 4, [3]],
      [['8'], undefined, [5]],
      [['9', '10'], undefined, [0, 2]],
      [['8'], undefined, [1]],
    ]);
  });
});

describe('bySpace', () => {
  it('goes by the number of the space, not by its text', () => {
    const items = ['10', '9', '10'].map((space, n) => ({ space, n }));
    expect(bySpace(items).map(([space, list]) => [space, list.map(({ n }) => n)])).toEqual([
      ['9', [1]],
      ['10', [0, 2]],
    ]);
  });
});

describe('restAfter', () => {
  it.each([
    ['first', 0, {}],
    ['random', 60, { rest: { owner: 'ann', seconds: 60 } }],
    ['least-recently-released', 0, { rest: { owner: 'ann', seconds: 0 } }],
  ] as const)('%s, %d seconds', (policy, quarantine, rest) => {
    expect(restAfter({ policy, quarantine }, 'ann')).toEqual(rest);
  });
});
