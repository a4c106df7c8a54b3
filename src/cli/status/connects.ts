import { connect } from 'node:net';

const AT_ONCE = 32;

/** Whether something answers a TCP connection at an address within a time (milliseconds). */
export function connects(host: string, port: number, within: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const done = (answered: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answered);
    };
    const timer = setTimeout(() => done(false), within);
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

/** The same for many places, some at once; the answers are in their order. */
export async function allConnect(
  places: readonly { host: string; port: number }[],
  within: number,
): Promise<readonly boolean[]> {
  const answers: boolean[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < places.length; index = next++) {
      const place = places[index];
      if (place !== undefined) answers[index] = await connects(place.host, place.port, within);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, places.length) }, worker));
  return answers;
}
