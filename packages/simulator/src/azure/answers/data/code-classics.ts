import type { CodeRow } from './code-row.ts'

/** What is asked in courses and interviews. */
export const classicRows: readonly CodeRow[] = [
  {
    words: /revers/i,
    title: 'reverses a string',
    says: 'It works on whole characters and returns a new string; it takes linear time.',
    code: {
      typescript: `export function reverse(text: string): string {
  return [...text].reverse().join('')
}`,
      javascript: `export function reverse(text) {
  return [...text].reverse().join('')
}`,
      python: `def reverse(text: str) -> str:
    return text[::-1]`,
      csharp: `static string Reverse(string text)
{
    var letters = text.ToCharArray();
    Array.Reverse(letters);
    return new string(letters);
}`,
      go: `func Reverse(text string) string {
	letters := []rune(text)
	slices.Reverse(letters)
	return string(letters)
}`,
    },
  },
  {
    words: /fibonacci/i,
    title: 'computes Fibonacci numbers',
    says: 'Two running values are enough, so it needs linear time and constant memory instead of the exponential time of the naive recursion.',
    code: {
      typescript: `export function fibonacci(n: number): bigint {
  let [a, b] = [0n, 1n]
  for (let i = 0; i < n; i += 1) [a, b] = [b, a + b]
  return a
}`,
      javascript: `export function fibonacci(n) {
  let [a, b] = [0n, 1n]
  for (let i = 0; i < n; i += 1) [a, b] = [b, a + b]
  return a
}`,
      python: `def fibonacci(n: int) -> int:
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a`,
      csharp: `static BigInteger Fibonacci(int n)
{
    BigInteger a = 0, b = 1;
    for (var i = 0; i < n; i++) (a, b) = (b, a + b);
    return a;
}`,
      go: `func Fibonacci(n int) uint64 {
	a, b := uint64(0), uint64(1)
	for range n {
		a, b = b, a+b
	}
	return a
}`,
    },
  },
  {
    words: /factorial/i,
    title: 'computes a factorial',
    says: 'A loop avoids deep recursion, and negative input is refused.',
    code: {
      typescript: `export function factorial(n: number): bigint {
  if (n < 0) throw new RangeError('n must not be negative')
  let result = 1n
  for (let i = 2n; i <= BigInt(n); i += 1n) result *= i
  return result
}`,
      javascript: `export function factorial(n) {
  if (n < 0) throw new RangeError('n must not be negative')
  let result = 1n
  for (let i = 2n; i <= BigInt(n); i += 1n) result *= i
  return result
}`,
      python: `def factorial(n: int) -> int:
    if n < 0:
        raise ValueError("n must not be negative")
    result = 1
    for i in range(2, n + 1):
        result *= i
    return result`,
      csharp: `static BigInteger Factorial(int n)
{
    ArgumentOutOfRangeException.ThrowIfNegative(n);
    BigInteger result = 1;
    for (var i = 2; i <= n; i++) result *= i;
    return result;
}`,
      go: `func Factorial(n int64) (*big.Int, error) {
	if n < 0 {
		return nil, errors.New("n must not be negative")
	}
	return new(big.Int).MulRange(1, n), nil
}`,
    },
  },
  {
    words: /palindrom/i,
    title: 'tells whether a text is a palindrome',
    says: 'Letters and digits count, case and punctuation do not.',
    code: {
      typescript: `export function isPalindrome(text: string): boolean {
  const letters = text.toLowerCase().match(/[\\p{L}\\p{N}]/gu) ?? []
  return letters.join('') === letters.reverse().join('')
}`,
      javascript: `export function isPalindrome(text) {
  const letters = text.toLowerCase().match(/[\\p{L}\\p{N}]/gu) ?? []
  return letters.join('') === letters.reverse().join('')
}`,
      python: `def is_palindrome(text: str) -> bool:
    letters = [c.lower() for c in text if c.isalnum()]
    return letters == letters[::-1]`,
      csharp: `static bool IsPalindrome(string text)
{
    var letters = text.Where(char.IsLetterOrDigit).Select(char.ToLowerInvariant).ToArray();
    return letters.SequenceEqual(letters.Reverse());
}`,
      go: `func IsPalindrome(text string) bool {
	var letters []rune
	for _, r := range strings.ToLower(text) {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters = append(letters, r)
		}
	}
	for i := range len(letters) / 2 {
		if letters[i] != letters[len(letters)-1-i] {
			return false
		}
	}
	return true
}`,
    },
  },
  {
    words: /\bprimes?\b/i,
    title: 'tests whether a number is prime',
    says: 'It is enough to try divisors up to the square root.',
    code: {
      typescript: `export function isPrime(n: number): boolean {
  if (n < 2) return false
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false
  return true
}`,
      javascript: `export function isPrime(n) {
  if (n < 2) return false
  for (let d = 2; d * d <= n; d += 1) if (n % d === 0) return false
  return true
}`,
      python: `def is_prime(n: int) -> bool:
    if n < 2:
        return False
    return all(n % d for d in range(2, int(n ** 0.5) + 1))`,
      csharp: `static bool IsPrime(int n)
{
    if (n < 2) return false;
    for (var d = 2; (long)d * d <= n; d++) if (n % d == 0) return false;
    return true;
}`,
      go: `func IsPrime(n int) bool {
	if n < 2 {
		return false
	}
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}`,
    },
  },
  {
    words: /fizz ?buzz/i,
    title: 'plays FizzBuzz',
    says: 'Multiples of 15 are multiples of both, so they are tested first by joining the two words.',
    code: {
      typescript: `export function fizzBuzz(n: number): string {
  const words = (n % 3 ? '' : 'Fizz') + (n % 5 ? '' : 'Buzz')
  return words || String(n)
}`,
      javascript: `export function fizzBuzz(n) {
  const words = (n % 3 ? '' : 'Fizz') + (n % 5 ? '' : 'Buzz')
  return words || String(n)
}`,
      python: `def fizzbuzz(n: int) -> str:
    return ("Fizz" * (n % 3 == 0) + "Buzz" * (n % 5 == 0)) or str(n)`,
      csharp: `static string FizzBuzz(int n) =>
    (n % 3 == 0 ? "Fizz" : "") + (n % 5 == 0 ? "Buzz" : "") is { Length: > 0 } word ? word : n.ToString();`,
      go: `func FizzBuzz(n int) string {
	switch {
	case n%15 == 0:
		return "FizzBuzz"
	case n%3 == 0:
		return "Fizz"
	case n%5 == 0:
		return "Buzz"
	}
	return strconv.Itoa(n)
}`,
    },
  },
  {
    words: /\b(sum|add|total)\b/i,
    title: 'adds up numbers',
    says: 'An empty list gives 0.',
    saysOfSql:
      'Rows without an amount are ignored by sum, and a customer without orders does not appear; use a left join and coalesce if that matters.',
    code: {
      typescript: `export function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0)
}`,
      javascript: `export function total(numbers) {
  return numbers.reduce((sum, n) => sum + n, 0)
}`,
      python: `def total(numbers: list[float]) -> float:
    return sum(numbers)`,
      csharp: `static double Total(IEnumerable<double> numbers) => numbers.Sum();`,
      go: `func Total(numbers []float64) float64 {
	total := 0.0
	for _, number := range numbers {
		total += number
	}
	return total
}`,
      sql: `SELECT customer_id, sum(amount) AS total
FROM orders
WHERE created_at >= DATE '2025-01-01'
GROUP BY customer_id
ORDER BY total DESC;`,
    },
  },
  {
    words: /hello,? world/i,
    title: 'greets the world',
    says: 'It prints one line and ends.',
    code: {
      typescript: `console.log('Hello, world!')`,
      javascript: `console.log('Hello, world!')`,
      python: `def main() -> None:
    print("Hello, world!")


main()`,
      csharp: `Console.WriteLine("Hello, world!");`,
      go: `package main

import "fmt"

func main() {
	fmt.Println("Hello, world!")
}`,
    },
  },
  {
    words: /\bmutex|\block(?:s|ing)? (?:a |the )?(?:counter|shared|variable)/i,
    title: 'guards a shared counter with a mutex',
    says: 'The lock is released on every way out, also by an exception. Keep slow work such as network calls outside of it.',
    code: {
      python: `from threading import Lock

lock = Lock()
count = 0


def increment() -> int:
    global count
    with lock:
        count += 1
        return count`,
      csharp: `private readonly Lock _lock = new();
private int _count;

public int Increment()
{
    lock (_lock) return ++_count;
}`,
      go: `type Counter struct {
	mutex sync.Mutex
	count int
}

func (c *Counter) Increment() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.count++
	return c.count
}`,
    },
  },
]
