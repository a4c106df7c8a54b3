# Asks Berth's API over NATS: BERTH_TOKEN=... python requester.py reservation.create '{"pool":"<id>"}'
import asyncio
import os
import sys
import uuid

import nats


async def main(operation="pool.list", request="{}"):
    connection = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    headers = {"Authorization": f"Bearer {os.environ['BERTH_TOKEN']}", "Idempotency-Key": str(uuid.uuid4())}
    answer = await connection.request(f"berth.api.{operation}", request.encode(), timeout=5, headers=headers)
    print(answer.data.decode())  # the resource, or a problem with code and detail
    await connection.close()
    return 0 if int(answer.headers["Berth-Status"]) < 400 else 1


sys.exit(asyncio.run(main(*sys.argv[1:])))
