import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { cliEnvironment, programFolders } from './cli-environment.js';

const home = homedir();
const HOME = { home, vlabFolder: join(home, '.vlab'), programs: programFolders({}, process.platform, home) };

describe('cliEnvironment', () => {
  it('has defaults for an empty environment', () => {
    expect(cliEnvironment({})).toEqual({ ...HOME, folder: join(home, '.config/berth'), path: [], colour: true });
  });

  it('takes what is given, and an empty variable for an absent one', () => {
    const PATH = ['/a', '', '/b'].join(delimiter);
    expect(cliEnvironment({ BERTH_URL: 'http://x', BERTH_TOKEN: '', PATH, NO_COLOR: '1' })).toEqual({
      ...HOME,
      url: 'http://x',
      folder: join(home, '.config/berth'),
      path: ['/a', '/b'],
      colour: false,
    });
  });

  it('keeps to XDG_CONFIG_HOME, unless that is relative', () => {
    expect(cliEnvironment({ XDG_CONFIG_HOME: '/etc/xdg' }).folder).toBe('/etc/xdg/berth');
    expect(cliEnvironment({ XDG_CONFIG_HOME: 'xdg' }).folder).toBe(join(home, '.config/berth'));
  });
});
