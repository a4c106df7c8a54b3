import { reply, type Reply } from '../../platform/http/reply.js';
import type { Unit, UnitsOfWork } from '../events/unit-of-work.js';

/** Thrown to roll back a transaction that has been looked at. */
class Seen extends Error {
  constructor(readonly answer: Reply) {
    super('only a preview');
  }
}

/**
 * The answer that the work would get now. Its transaction is rolled back: nothing is written or told. While it looks it
 * holds locks as the work does, for as long.
 */
export async function preview(units: UnitsOfWork, work: (unit: Unit) => Promise<Reply>): Promise<Reply> {
  try {
    return await units.run(async (unit) => {
      throw new Seen(await work(unit));
    });
  } catch (error) {
    if (error instanceof Seen) return reply({ status: 200, body: error.answer.body });
    throw error;
  }
}
