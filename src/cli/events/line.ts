import type { Event } from '../client/client.js';
import { safeText } from '../output/safe-text.js';
import { hostPort } from '../output/words.js';

/** One event on one line: when, what happened, to what, whose. */
export function eventLine(event: Event): string {
  const what = event.type.replace(/^ipam\./, '').replace(/\.v[0-9]+$/, '');
  const owner = event.owner === undefined ? '' : ` of ${event.owner}`;
  // Of what is going or gone, the status says nothing more.
  const { status } = event.data;
  const now = isText(status) && /\.(created|status|updated)$/.test(what) ? ` ${status}` : '';
  const about = summary(event.data) + now + owner;
  return safeText(`${event.time}  ${what.padEnd(19)}  ${event.subject}  ${about}`.trimEnd());
}

/** What people know the resource by: where it leads, its address, its name. */
function summary(data: Event['data']): string {
  const { name, kind, address, externalAddress, connectionPort, targetPort, start, end } = data;
  const words: string[] = [];
  if (typeof kind === 'string') words.push(kind);
  if (typeof name === 'string' && name !== '') words.push(JSON.stringify(name));
  if (isText(externalAddress) && isNumber(connectionPort) && isText(address) && isNumber(targetPort)) {
    words.push(`${hostPort(externalAddress, connectionPort)} -> ${hostPort(address, targetPort)}`);
  } else if (isText(address)) words.push(address);
  else if (isText(externalAddress)) words.push(externalAddress);
  else if (isText(start) && isText(end)) words.push(`${start} - ${end}`);
  return words.join(' ');
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number';
