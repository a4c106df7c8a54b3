# Follows the leases that Berth gives out, from where it stopped the last time: pip install nats-py; python consumer.py
import asyncio
import json
import os

import nats


async def main():
    connection = await nats.connect(os.environ.get("NATS_URL", "nats://127.0.0.1:4222"))
    leases = await connection.jetstream().subscribe("ipam.lease.>", stream="BERTH", durable="example-py", manual_ack=True)
    async for message in leases.messages:
        event = json.loads(message.data)
        print(event["type"], event["data"]["address"], "by", event.get("actor", "time"), flush=True)
        await message.ack()  # now it is not sent again


asyncio.run(main())
