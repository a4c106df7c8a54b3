/** When some reservations end. */
export const ENDS_OF = `SELECT id, expires_at AS "expiresAt" FROM reservation WHERE id = ANY($1)`;
