import type { CodeRow } from './code-row.ts'

/** Reading and checking what comes from outside. */
export const formatRows: readonly CodeRow[] = [
  {
    words: /\bvalid\w*\b.*\be-?mail|\be-?mail\b.*\b(?:valid\w*|regex|regular)/i,
    title: 'checks an e-mail address for obvious mistakes',
    says: 'It is loose on purpose: strict patterns refuse valid addresses. Whether the mailbox exists is shown only by a mail with a link.',
    code: {
      typescript: `export function looksLikeEmail(text: string): boolean {
  return text.length <= 254 && /^[^\\s@]+@[^\\s@.]+(?:\\.[^\\s@.]+)+$/.test(text)
}`,
      javascript: `function looksLikeEmail(text) {
  return text.length <= 254 && /^[^\\s@]+@[^\\s@.]+(?:\\.[^\\s@.]+)+$/.test(text)
}`,
      python: `import re


def looks_like_email(text: str) -> bool:
    return len(text) <= 254 and re.fullmatch(r"[^\\s@]+@[^\\s@.]+(?:\\.[^\\s@.]+)+", text) is not None`,
      csharp: `static bool LooksLikeEmail(string text) => MailAddress.TryCreate(text, out var address) && address.Address == text;`,
      go: `func LooksLikeEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}`,
    },
  },
  {
    words:
      /\bhttp (?:call|request|get|post|client)|\b(?:call|fetch|request|query)\w*\b.{0,20}\b(?:api|url|endpoint)\b|\b(?:get|post) request\b/i,
    title: 'calls an HTTP API and checks the answer',
    says: 'The call has a timeout and treats everything outside of 2xx as an error. What could go wrong: an error page instead of JSON, so look at the content type if the service sits behind a proxy.',
    code: {
      typescript: `export async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(\`\${url} answered \${response.status}\`)
  return response.json()
}`,
      javascript: `async function getJson(url) {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    signal: AbortSignal.timeout(10_000),
  })
  if (!response.ok) throw new Error(\`\${url} answered \${response.status}\`)
  return response.json()
}`,
      python: `import requests


def get_json(url: str):
    response = requests.get(url, headers={"Accept": "application/json"}, timeout=10)
    response.raise_for_status()
    return response.json()`,
      csharp: `static readonly HttpClient Client = new() { Timeout = TimeSpan.FromSeconds(10) };

static async Task<T?> GetJson<T>(string url)
{
    using var response = await Client.GetAsync(url);
    response.EnsureSuccessStatusCode();
    return await response.Content.ReadFromJsonAsync<T>();
}`,
      go: `var client = &http.Client{Timeout: 10 * time.Second}

func GetJSON(url string, into any) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}`,
    },
  },
  {
    words: /\bcsv\b/i,
    title: 'reads a CSV file into records',
    says: 'The first line gives the keys; quoting is left to the library, since splitting at commas breaks with the first quoted comma.',
    code: {
      typescript: `import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'

export async function readCsv(path: string): Promise<Record<string, string>[]> {
  return parse(await readFile(path, 'utf8'), { columns: true, skip_empty_lines: true })
}`,
      javascript: `import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'

export async function readCsv(path) {
  return parse(await readFile(path, 'utf8'), { columns: true, skip_empty_lines: true })
}`,
      python: `def read_csv(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))`,
      csharp: `static List<dynamic> ReadCsv(string path)
{
    using var reader = new CsvReader(new StreamReader(path), CultureInfo.InvariantCulture);
    return reader.GetRecords<dynamic>().ToList();
}`,
      go: `func ReadCSV(path string) ([][]string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return csv.NewReader(file).ReadAll()
}`,
    },
  },
  {
    words: /\bcount\w*\b.*\b(?:words?|letters?|characters?|occurrences)\b|\bword (?:count|frequency)\b/i,
    title: 'counts how often each word occurs',
    says: 'Words are compared without regard to case, and the most frequent come first.',
    code: {
      typescript: `export function wordCounts(text: string): [string, number][] {
  const counts = new Map<string, number>()
  for (const [word] of text.toLowerCase().matchAll(/\\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])
}`,
      javascript: `function wordCounts(text) {
  const counts = new Map()
  for (const [word] of text.toLowerCase().matchAll(/\\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])
}`,
      python: `import re
from collections import Counter


def word_counts(text: str) -> list[tuple[str, int]]:
    return Counter(re.findall(r"\\w+", text.lower())).most_common()`,
      csharp: `static IEnumerable<(string Word, int Count)> WordCounts(string text) =>
    Regex.Matches(text.ToLowerInvariant(), @"\\p{L}+")
        .GroupBy(match => match.Value)
        .Select(group => (group.Key, group.Count()))
        .OrderByDescending(pair => pair.Item2);`,
      go: `func WordCounts(text string) map[string]int {
	counts := map[string]int{}
	for _, word := range strings.Fields(strings.ToLower(text)) {
		counts[strings.Trim(word, ".,;:!?()\\"")]++
	}
	return counts
}`,
    },
  },
  {
    words: /\b(?:read|load|open|process)\w*\b.{0,30}\bfiles?\b|\bfiles?\b.{0,20}\bline by line\b/i,
    title: 'reads a file line by line',
    says: 'Only one line is in memory at a time, so the size of the file does not matter. What could go wrong: another encoding than UTF-8, or a last line without an end.',
    code: {
      typescript: `import { open } from 'node:fs/promises'

export async function* linesOf(path: string): AsyncGenerator<string> {
  await using file = await open(path)
  for await (const line of file.readLines()) yield line
}`,
      javascript: `import { open } from 'node:fs/promises'

export async function* linesOf(path) {
  const file = await open(path)
  try {
    for await (const line of file.readLines()) yield line
  } finally {
    await file.close()
  }
}`,
      python: `def lines_of(path: str):
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield line.rstrip("\\n")`,
      csharp: `static IEnumerable<string> LinesOf(string path) => File.ReadLines(path);`,
      go: `func EachLine(path string, do func(string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		do(lines.Text())
	}
	return lines.Err()
}`,
    },
  },
  {
    words: /\bjson\b/i,
    title: 'reads JSON and checks its shape',
    says: 'A parser accepts any JSON, so the shape is checked before the value is used. What could go wrong: large whole numbers lose digits in languages that read all numbers as doubles.',
    code: {
      typescript: `interface Order { id: string; amount: number }

export function parseOrder(text: string): Order {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null) throw new TypeError('An order must be an object.')
  const { id, amount } = value as Record<string, unknown>
  if (typeof id !== 'string' || typeof amount !== 'number') throw new TypeError('An order needs id and amount.')
  return { id, amount }
}`,
      javascript: `function parseOrder(text) {
  const value = JSON.parse(text)
  if (typeof value?.id !== 'string' || typeof value.amount !== 'number') {
    throw new TypeError('An order needs id and amount.')
  }
  return { id: value.id, amount: value.amount }
}`,
      python: `import json


def parse_order(text: str) -> dict:
    value = json.loads(text)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str) or "amount" not in value:
        raise ValueError("an order needs id and amount")
    return value`,
      csharp: `record Order(string Id, decimal Amount);

static Order ParseOrder(string text) =>
    JsonSerializer.Deserialize<Order>(text, JsonSerializerOptions.Web)
    ?? throw new JsonException("An order must be an object.");`,
      go: `type Order struct {
	ID     string  \`json:"id"\`
	Amount float64 \`json:"amount"\`
}

func ParseOrder(text []byte) (Order, error) {
	var order Order
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&order)
	return order, err
}`,
    },
  },
]
