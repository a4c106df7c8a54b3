/**
 * Options of the NATS client for one or more URLs, separated by commas. The client takes credentials apart from the
 * addresses; those of the first URL that has any count: user and password, or a token alone.
 */
export function natsServers(urls: string): { servers: string[]; user?: string; pass?: string; token?: string } {
  const parsed = urls.split(',').map((url) => new URL(url.trim()));
  const servers = parsed.map(({ protocol, host }) => `${protocol}//${host}`);
  const named = parsed.find(({ username }) => username !== '');
  if (named === undefined) return { servers };
  const [user, pass] = [decodeURIComponent(named.username), decodeURIComponent(named.password)];
  return pass === '' ? { servers, token: user } : { servers, user, pass };
}

/** The hosts that one or more URLs name, IPv6 addresses without brackets. */
export const natsHosts = (urls: string): string[] =>
  urls.split(',').map((url) => new URL(url.trim()).hostname.replace(/^\[|\]$/g, ''));
