import type { Answer } from '../client/answer.js';
import type { PortMap } from '../client/client.js';
import { table } from '../output/table.js';
import { MAP_COLUMNS, PORT_MAPS } from '../resources/forwarding.js';
import type { Session } from '../session.js';
import { tellOutcome, untilActive } from '../waiting.js';

/** Shows a port map that has just been made, when connections pass or the time is up; `wait` is seconds, or false. */
export async function untilPassing(session: Session, made: Answer<PortMap>, wait: number | false): Promise<void> {
  const { api, out } = session;
  const { id } = made.data;
  const { last, outcome } =
    wait === false
      ? { last: made, outcome: undefined }
      : await untilActive(
          session,
          wait,
          made,
          () => PORT_MAPS.get(api, id),
          (map) => [map],
        );
  if (out.json) out.raw(last.text);
  else out.lines(table(MAP_COLUMNS, [last.data], out.colour));
  if (wait !== false && outcome !== undefined) {
    const stands = `The port map stands: 'vlab portmap show ${id}' shows it, 'vlab portmap delete ${id}' deletes it.`;
    await tellOutcome(session, outcome, wait, [last.data], stands);
  }
}
