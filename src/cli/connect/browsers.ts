import { hostPort } from '../output/words.js';
import { EVERYWHERE, type Agent } from './agent.js';
import type { Endpoint } from './endpoint.js';

/** What a browser shows. */
const page = ({ host, port, path = '/', console: url }: Endpoint): string =>
  url ?? `https://${hostPort(host, port)}${path}`;

const BROWSER = 'Any browser does, such as Firefox (https://www.mozilla.org/firefox/)';

/** A browser in a window of its own. */
const browser = (name: string, more: Partial<Agent> = {}): Agent => ({
  name,
  platforms: EVERYWHERE,
  files: [name],
  onlyIfAsked: true,
  args: (endpoint) => ['--new-window', page(endpoint)],
  install: BROWSER,
  ...more,
});

/** What the desktop opens pages with. */
const opener = (
  name: string,
  platform: NodeJS.Platform,
  before: readonly string[],
  more: Partial<Agent> = {},
): Agent => ({
  name,
  platforms: [platform],
  files: [name],
  args: (endpoint) => [...before, page(endpoint)],
  install: BROWSER,
  ...more,
});

/** Programs for web pages, the best first: what the user has chosen for all pages, then a browser that is there. */
export const BROWSERS: readonly Agent[] = [
  opener('xdg-open', 'linux', []),
  opener('gio', 'linux', ['open']),
  opener('open', 'darwin', []),
  // `start` is a word of the shell; this is what it does with a URL.
  opener('rundll32', 'win32', ['url.dll,FileProtocolHandler'], { inFolders: ['System32/rundll32.exe'] }),
  browser('firefox', {
    inFolders: ['Mozilla Firefox/firefox.exe', 'Firefox.app/Contents/MacOS/firefox'],
    onlyIfAsked: false,
  }),
  browser('chrome', {
    files: ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'chrome'],
    inFolders: ['Google/Chrome/Application/chrome.exe', 'Google Chrome.app/Contents/MacOS/Google Chrome'],
    onlyIfAsked: false,
  }),
  browser('edge', {
    files: ['msedge', 'microsoft-edge'],
    inFolders: ['Microsoft/Edge/Application/msedge.exe', 'Microsoft Edge.app/Contents/MacOS/Microsoft Edge'],
  }),
];

export const anyBrowser = (name: string): Agent => browser(name);

const console = (name: string, more: Partial<Agent> = {}): Agent => ({
  name,
  platforms: EVERYWHERE,
  files: [name],
  args: ({ console: url = '' }) => [url],
  install: 'VMware Remote Console is at https://support.broadcom.com',
  ...more,
});

/** Programs for the consoles of machines. */
export const CONSOLES: readonly Agent[] = [
  console('vmrc', {
    inFolders: [
      'VMware/VMware Remote Console/vmrc.exe',
      'VMware Remote Console.app/Contents/MacOS/VMware Remote Console',
    ],
  }),
];

export const anyConsole = (name: string): Agent => console(name);
