# One call through the gateway with Python alone, nothing installed.
#   TOKEN=$(./gatehouse token --as alice) python3 examples/call.py ENDPOINT
import json
import os
import sys
import urllib.request

endpoint = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8080/main/hr-bot"
question = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is parental leave?"}]}
request = urllib.request.Request(
    f"{endpoint}/openai/v1/chat/completions",
    json.dumps(question).encode(),
    {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"},
)
with urllib.request.urlopen(request) as answer:
    print(json.load(answer)["choices"][0]["message"]["content"])
