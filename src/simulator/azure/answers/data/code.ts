/** Small real functions, by what they do and by language. `says` explains the idea in a sentence or two. */
export interface CodeRow {
  readonly words: RegExp
  readonly title: string
  readonly says: string
  readonly python: string
  readonly typescript: string
  readonly csharp: string
}

export const codeRows: readonly CodeRow[] = [
  {
    words: /revers/i,
    title: 'reverses a string',
    says: 'It works on whole characters and returns a new string; it takes linear time.',
    python: 'def reverse(text: str) -> str:\n    return text[::-1]',
    typescript: "export function reverse(text: string): string {\n  return [...text].reverse().join('')\n}",
    csharp:
      'static string Reverse(string text)\n{\n    var letters = text.ToCharArray();\n    Array.Reverse(letters);\n    return new string(letters);\n}',
  },
  {
    words: /fibonacci/i,
    title: 'computes Fibonacci numbers',
    says: 'Two running values are enough, so it needs linear time and constant memory instead of the exponential time of the naive recursion.',
    python:
      'def fibonacci(n: int) -> int:\n    a, b = 0, 1\n    for _ in range(n):\n        a, b = b, a + b\n    return a',
    typescript:
      'export function fibonacci(n: number): bigint {\n  let [a, b] = [0n, 1n]\n  for (let i = 0; i < n; i += 1) [a, b] = [b, a + b]\n  return a\n}',
    csharp:
      'static BigInteger Fibonacci(int n)\n{\n    BigInteger a = 0, b = 1;\n    for (var i = 0; i < n; i++) (a, b) = (b, a + b);\n    return a;\n}',
  },
  {
    words: /factorial/i,
    title: 'computes a factorial',
    says: 'A loop avoids deep recursion, and negative input is refused.',
    python:
      'def factorial(n: int) -> int:\n    if n < 0:\n        raise ValueError("n must not be negative")\n    result = 1\n    for i in range(2, n + 1):\n        result *= i\n    return result',
    typescript:
      "export function factorial(n: number): bigint {\n  if (n < 0) throw new RangeError('n must not be negative')\n  let result = 1n\n  for (let i = 2n; i <= BigInt(n); i += 1n) result *= i\n  return result\n}",
    csharp:
      'static BigInteger Factorial(int n)\n{\n    ArgumentOutOfRangeException.ThrowIfNegative(n);\n    BigInteger result = 1;\n    for (var i = 2; i <= n; i++) result *= i;\n    return result;\n}',
  },
  {
    words: /palindrom/i,
    title: 'tells whether a text is a palindrome',
    says: 'Letters and digits count, case and punctuation do not.',
    python:
      'def is_palindrome(text: str) -> bool:\n    letters = [c.lower() for c in text if c.isalnum()]\n    return letters == letters[::-1]',
    typescript:
      "export function isPalindrome(text: string): boolean {\n  const letters = text.toLowerCase().match(/[\\p{L}\\p{N}]/gu) ?? []\n  return letters.join('') === letters.reverse().join('')\n}",
    csharp:
      'static bool IsPalindrome(string text)\n{\n    var letters = text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant).ToArray();\n    return letters.SequenceEqual(letters.Reverse());\n}',
  },
  {
    words: /\bprimes?\b/i,
    title: 'tests whether a number is prime',
    says: 'It is enough to try divisors up to the square root.',
    python:
      'def is_prime(n: int) -> bool:\n    if n < 2:\n        return False\n    return all(n % d for d in range(2, int(n ** 0.5) + 1))',
    typescript:
      'export function isPrime(n: number): boolean {\n  if (n < 2) return false\n  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false\n  return true\n}',
    csharp:
      'static bool IsPrime(int n)\n{\n    if (n < 2) return false;\n    for (var d = 2; (long)d * d <= n; d++) if (n % d == 0) return false;\n    return true;\n}',
  },
  {
    words: /binary search/i,
    title: 'searches a sorted list',
    says: 'Each step halves what is left, so a million entries take twenty comparisons; -1 means not found.',
    python:
      'def binary_search(items: list[int], wanted: int) -> int:\n    low, high = 0, len(items) - 1\n    while low <= high:\n        mid = (low + high) // 2\n        if items[mid] == wanted:\n            return mid\n        if items[mid] < wanted:\n            low = mid + 1\n        else:\n            high = mid - 1\n    return -1',
    typescript:
      'export function binarySearch(items: number[], wanted: number): number {\n  let [low, high] = [0, items.length - 1]\n  while (low <= high) {\n    const mid = (low + high) >> 1\n    if (items[mid] === wanted) return mid\n    if (items[mid] < wanted) low = mid + 1\n    else high = mid - 1\n  }\n  return -1\n}',
    csharp:
      'static int BinarySearch(int[] items, int wanted)\n{\n    int low = 0, high = items.Length - 1;\n    while (low <= high)\n    {\n        var mid = low + (high - low) / 2;\n        if (items[mid] == wanted) return mid;\n        if (items[mid] < wanted) low = mid + 1; else high = mid - 1;\n    }\n    return -1;\n}',
  },
  {
    words: /sort/i,
    title: 'sorts records by a key',
    says: 'The built-in sort is stable, so records with equal keys keep their order, and the input is left as it was.',
    python:
      'def sort_by(items: list[dict], key: str) -> list[dict]:\n    return sorted(items, key=lambda item: item[key])',
    typescript:
      'export function sortBy<T>(items: readonly T[], key: (item: T) => string | number): T[] {\n  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))\n}',
    csharp:
      'static List<T> SortBy<T, TKey>(IEnumerable<T> items, Func<T, TKey> key) =>\n    items.OrderBy(key).ToList();',
  },
  {
    words: /duplicat|unique|distinct/i,
    title: 'removes duplicates and keeps the order',
    says: 'A set remembers what was seen, so that one pass is enough.',
    python: 'def unique(items: list) -> list:\n    return list(dict.fromkeys(items))',
    typescript: 'export function unique<T>(items: readonly T[]): T[] {\n  return [...new Set(items)]\n}',
    csharp: 'static List<T> Unique<T>(IEnumerable<T> items) => items.Distinct().ToList();',
  },
  {
    words: /retry|back-?off/i,
    title: 'retries a call with back-off',
    says: 'The pause doubles with each attempt and varies a little, so that many clients do not come back at the same moment.',
    python:
      'def retry(call, attempts=4, base=0.5):\n    for attempt in range(attempts):\n        try:\n            return call()\n        except ConnectionError:\n            if attempt == attempts - 1:\n                raise\n            time.sleep(base * 2 ** attempt * random.uniform(0.5, 1))',
    typescript:
      'export async function retry<T>(call: () => Promise<T>, attempts = 4, baseMs = 500): Promise<T> {\n  for (let attempt = 1; ; attempt += 1) {\n    try {\n      return await call()\n    } catch (error) {\n      if (attempt >= attempts) throw error\n      await sleep(baseMs * 2 ** attempt * (0.5 + Math.random() / 2))\n    }\n  }\n}',
    csharp:
      'static async Task<T> Retry<T>(Func<Task<T>> call, int attempts = 4)\n{\n    for (var attempt = 1; ; attempt++)\n    {\n        try { return await call(); }\n        catch (HttpRequestException) when (attempt < attempts)\n        {\n            await Task.Delay(TimeSpan.FromSeconds(Math.Pow(2, attempt) * (0.5 + Random.Shared.NextDouble() / 2)));\n        }\n    }\n}',
  },
  {
    words: /\bcsv\b/i,
    title: 'reads a CSV file into records',
    says: 'The first line gives the keys; quoting is left to the library, since splitting at commas breaks with the first quoted comma.',
    python:
      'def read_csv(path: str) -> list[dict[str, str]]:\n    with open(path, newline="", encoding="utf-8") as file:\n        return list(csv.DictReader(file))',
    typescript:
      "export async function readCsv(path: string): Promise<Record<string, string>[]> {\n  return parse(await readFile(path, 'utf8'), { columns: true })\n}",
    csharp:
      'static List<dynamic> ReadCsv(string path)\n{\n    using var reader = new CsvReader(new StreamReader(path), CultureInfo.InvariantCulture);\n    return reader.GetRecords<dynamic>().ToList();\n}',
  },
  {
    words: /fizz ?buzz/i,
    title: 'plays FizzBuzz',
    says: 'Multiples of 15 are multiples of both, so they are tested first by joining the two words.',
    python: 'def fizzbuzz(n: int) -> str:\n    return ("Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0)) or str(n)',
    typescript:
      "export function fizzBuzz(n: number): string {\n  const words = (n % 3 ? '' : 'Fizz') + (n % 5 ? '' : 'Buzz')\n  return words || String(n)\n}",
    csharp:
      'static string FizzBuzz(int n) =>\n    (n % 3 == 0 ? "Fizz" : "") + (n % 5 == 0 ? "Buzz" : "") is { Length: > 0 } word ? word : n.ToString();',
  },
  {
    words: /\b(sum|add|total)\b/i,
    title: 'adds up numbers',
    says: 'An empty list gives 0.',
    python: 'def total(numbers: list[float]) -> float:\n    return sum(numbers)',
    typescript:
      'export function total(numbers: readonly number[]): number {\n  return numbers.reduce((sum, n) => sum + n, 0)\n}',
    csharp: 'static double Total(IEnumerable<double> numbers) => numbers.Sum();',
  },
  {
    words: /hello,? world/i,
    title: 'greets the world',
    says: 'It prints one line and ends.',
    python: 'def main() -> None:\n    print("Hello, world!")\n\n\nmain()',
    typescript: "console.log('Hello, world!')",
    csharp: 'Console.WriteLine("Hello, world!");',
  },
]
