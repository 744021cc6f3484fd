import type { CodeRow } from './code-row.ts'

/** Lists, tables and their order. */
export const listRows: readonly CodeRow[] = [
  {
    words: /\bgroup(?:s|ed|ing)?\b/i,
    title: 'groups items by a key',
    says: 'The keys are kept in a map, in the order in which they first occur. What could go wrong: items without the key all land in one group under undefined or null, so decide whether to skip them.',
    saysOfSql:
      'WHERE filters rows before the grouping, HAVING filters groups after it. What could go wrong: a column in SELECT that is neither grouped nor aggregated is refused by most databases. Replace the table and column names by yours.',
    code: {
      typescript: `export function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}

const byCity = groupBy(people, person => person.city)`,
      javascript: `function groupBy(items, key) {
  const groups = new Map()
  for (const item of items) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}

const byCity = groupBy(people, person => person.city)`,
      python: `from collections import defaultdict


def group_by(items, key):
    groups = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return dict(groups)


by_city = group_by(people, lambda person: person["city"])`,
      csharp: `static Dictionary<TKey, List<T>> GroupBy<T, TKey>(IEnumerable<T> items, Func<T, TKey> key) where TKey : notnull =>
    items.GroupBy(key).ToDictionary(group => group.Key, group => group.ToList());`,
      go: `func GroupBy[T any, K comparable](items []T, key func(T) K) map[K][]T {
	groups := map[K][]T{}
	for _, item := range items {
		groups[key(item)] = append(groups[key(item)], item)
	}
	return groups
}`,
      sql: `SELECT city, count(*) AS people, avg(age) AS average_age
FROM people
WHERE city IS NOT NULL
GROUP BY city
HAVING count(*) > 1
ORDER BY people DESC;`,
    },
  },
  {
    words: /duplicat|unique|distinct/i,
    title: 'removes duplicates and keeps the order',
    says: 'A set remembers what was seen, so that one pass is enough.',
    saysOfSql:
      'The window function numbers the copies of each address, and all but the first are deleted. Run the inner SELECT alone first to see what would go, and add a unique index afterwards.',
    code: {
      typescript: `export function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)]
}`,
      javascript: `export function unique(items) {
  return [...new Set(items)]
}`,
      python: `def unique(items: list) -> list:
    return list(dict.fromkeys(items))`,
      csharp: `static List<T> Unique<T>(IEnumerable<T> items) => items.Distinct().ToList();`,
      go: `func Unique[T comparable](items []T) []T {
	seen := map[T]bool{}
	var unique []T
	for _, item := range items {
		if !seen[item] {
			seen[item] = true
			unique = append(unique, item)
		}
	}
	return unique
}`,
      sql: `DELETE FROM customers
WHERE id IN (
  SELECT id
  FROM (SELECT id, row_number() OVER (PARTITION BY lower(email) ORDER BY id) AS copy FROM customers) AS ranked
  WHERE copy > 1
);`,
    },
  },
  {
    words: /\b(?:second|nth|third|2nd) highest\b|\btop \d+|\bhighest\b.*\bper\b/i,
    title: 'finds the highest values',
    says: 'dense_rank gives equal values the same rank, so ties do not hide the second value. Without PARTITION BY it ranks over the whole table.',
    code: {
      typescript: `export function nthHighest(numbers: readonly number[], n: number): number {
  const found = [...new Set(numbers)].sort((a, b) => b - a)[n - 1]
  if (found === undefined) throw new RangeError(\`There are fewer than \${n} different values.\`)
  return found
}`,
      javascript: `function nthHighest(numbers, n) {
  const found = [...new Set(numbers)].sort((a, b) => b - a)[n - 1]
  if (found === undefined) throw new RangeError(\`There are fewer than \${n} different values.\`)
  return found
}`,
      python: `def nth_highest(numbers: list[float], n: int) -> float:
    ranked = sorted(set(numbers), reverse=True)
    if n > len(ranked):
        raise ValueError(f"there are only {len(ranked)} different values")
    return ranked[n - 1]`,
      csharp: `static double NthHighest(IEnumerable<double> numbers, int n) =>
    numbers.Distinct().OrderDescending().ElementAt(n - 1);`,
      go: `func NthHighest(numbers []float64, n int) (float64, error) {
	ranked := slices.Compact(slices.Sorted(slices.Values(numbers)))
	if n < 1 || n > len(ranked) {
		return 0, fmt.Errorf("there are only %d different values", len(ranked))
	}
	return ranked[len(ranked)-n], nil
}`,
      sql: `SELECT name, department, salary
FROM (
  SELECT name, department, salary, dense_rank() OVER (PARTITION BY department ORDER BY salary DESC) AS place
  FROM employees
) AS ranked
WHERE place = 2;`,
    },
  },
  {
    words: /binary search/i,
    title: 'searches a sorted list',
    says: 'Each step halves what is left, so a million entries take twenty comparisons; -1 means not found.',
    code: {
      typescript: `export function binarySearch(items: number[], wanted: number): number {
  let [low, high] = [0, items.length - 1]
  while (low <= high) {
    const mid = (low + high) >> 1
    if (items[mid] === wanted) return mid
    if (items[mid] < wanted) low = mid + 1
    else high = mid - 1
  }
  return -1
}`,
      javascript: `export function binarySearch(items, wanted) {
  let [low, high] = [0, items.length - 1]
  while (low <= high) {
    const mid = (low + high) >> 1
    if (items[mid] === wanted) return mid
    if (items[mid] < wanted) low = mid + 1
    else high = mid - 1
  }
  return -1
}`,
      python: `def binary_search(items: list[int], wanted: int) -> int:
    low, high = 0, len(items) - 1
    while low <= high:
        mid = (low + high) // 2
        if items[mid] == wanted:
            return mid
        if items[mid] < wanted:
            low = mid + 1
        else:
            high = mid - 1
    return -1`,
      csharp: `static int BinarySearch(int[] items, int wanted)
{
    int low = 0, high = items.Length - 1;
    while (low <= high)
    {
        var mid = low + (high - low) / 2;
        if (items[mid] == wanted) return mid;
        if (items[mid] < wanted) low = mid + 1; else high = mid - 1;
    }
    return -1;
}`,
      go: `func BinarySearch(items []int, wanted int) int {
	if at, found := slices.BinarySearch(items, wanted); found {
		return at
	}
	return -1
}`,
    },
  },
  {
    words: /sort/i,
    title: 'sorts records by a key',
    says: 'The built-in sort is stable, so records with equal keys keep their order, and the input is left as it was.',
    saysOfSql:
      'Without ORDER BY the order of rows is not defined, so always end it with a column that is unique. An index on the same columns saves the sort.',
    code: {
      typescript: `export function sortBy<T>(items: readonly T[], key: (item: T) => string | number): T[] {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}`,
      javascript: `export function sortBy (items, key) {
  return [...items].sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0))
}`,
      python: `def sort_by(items: list[dict], key: str) -> list[dict]:
    return sorted(items, key=lambda item: item[key])`,
      csharp: `static List<T> SortBy<T, TKey>(IEnumerable<T> items, Func<T, TKey> key) =>
    items.OrderBy(key).ToList();`,
      go: `func SortBy[T any, K cmp.Ordered](items []T, key func(T) K) []T {
	sorted := slices.Clone(items)
	slices.SortStableFunc(sorted, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return sorted
}`,
      sql: `SELECT name, department, salary
FROM employees
ORDER BY salary DESC NULLS LAST, name;`,
    },
  },
  {
    words: /\bsql\b.*\b(?:query|select|statement|join)\b|\bquery\b.*\bsql\b|\bselect\b.*\bsql\b/i,
    title: 'lists customers with their orders of the last 30 days',
    says: 'The left join keeps customers without orders; the condition on the date stands in ON for that reason. Replace the table and column names by yours.',
    code: {
      sql: `SELECT c.id, c.name, count(o.id) AS orders, coalesce(sum(o.amount), 0) AS revenue
FROM customers AS c
LEFT JOIN orders AS o ON o.customer_id = c.id AND o.created_at >= current_date - INTERVAL '30 days'
GROUP BY c.id, c.name
ORDER BY revenue DESC
LIMIT 50;`,
    },
  },
]
