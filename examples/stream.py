# A streamed answer through the gateway, with OpenAI's own library (pip install openai). Only the endpoint differs.
#   TOKEN=$(./gatehouse token --as alice) python3 examples/stream.py ENDPOINT
import os
import sys

from openai import OpenAI

endpoint = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080/main/hr-bot"
client = OpenAI(base_url=f"{endpoint}/openai/v1/", api_key=os.environ["TOKEN"])
stream = client.chat.completions.create(
    model="gpt-4o",
    messages=[{"role": "user", "content": "How do I book leave?"}],
    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)
print()
