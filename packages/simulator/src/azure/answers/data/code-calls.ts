import type { CodeRow } from './code-row.ts'

/** Calls and the formats they exchange. */
export const callRows: readonly CodeRow[] = [
  {
    words: /\bunit ?tests?\b|\btests? (?:case|for)\b|\bpytest\b|\b8601\b.*\btest/i,
    title: 'tests a parser of ISO 8601 durations',
    says: 'The table covers each unit, a combination and what must be refused. What could go wrong: P1M is a month but PT1M a minute, and months and years have no fixed length, so the parser should reject them or say what it assumes.',
    code: {
      typescript: `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

const valid: [string, number][] = [
  ['PT0S', 0],
  ['PT45S', 45],
  ['PT1M', 60],
  ['PT1H30M', 5_400],
  ['P1D', 86_400],
  ['P1DT0.5S', 86_400.5],
]
for (const [text, seconds] of valid) {
  test(\`\${text} is \${seconds} s\`, () => assert.equal(parseDuration(text), seconds))
}

for (const text of ['', 'P', 'PT', '1H', 'PT1', 'PT1H30', 'pt1h', 'P1DT']) {
  test(\`"\${text}" is refused\`, () => assert.throws(() => parseDuration(text), RangeError))
}`,
      javascript: `import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.js'

const valid = [['PT0S', 0], ['PT45S', 45], ['PT1M', 60], ['PT1H30M', 5_400], ['P1D', 86_400], ['P1DT0.5S', 86_400.5]]
for (const [text, seconds] of valid) {
  test(\`\${text} is \${seconds} s\`, () => assert.equal(parseDuration(text), seconds))
}

for (const text of ['', 'P', 'PT', '1H', 'PT1', 'PT1H30', 'pt1h', 'P1DT']) {
  test(\`"\${text}" is refused\`, () => assert.throws(() => parseDuration(text), RangeError))
}`,
      python: `import pytest
from duration import parse_duration


@pytest.mark.parametrize("text, seconds", [
    ("PT0S", 0), ("PT45S", 45), ("PT1M", 60), ("PT1H30M", 5400), ("P1D", 86400), ("P1DT0.5S", 86400.5),
])
def test_valid_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "P", "PT", "1H", "PT1", "PT1H30", "pt1h", "P1DT"])
def test_invalid_durations_are_refused(text):
    with pytest.raises(ValueError):
        parse_duration(text)`,
      csharp: `public class DurationTests
{
    [Theory]
    [InlineData("PT0S", 0), InlineData("PT1M", 60), InlineData("PT1H30M", 5400), InlineData("P1D", 86400)]
    public void Parses(string text, double seconds) =>
        Assert.Equal(seconds, Duration.Parse(text).TotalSeconds);

    [Theory]
    [InlineData(""), InlineData("P"), InlineData("PT"), InlineData("1H"), InlineData("PT1"), InlineData("P1DT")]
    public void Refuses(string text) =>
        Assert.Throws<FormatException>(() => Duration.Parse(text));
}`,
      go: `func TestParseDuration(t *testing.T) {
	valid := map[string]float64{"PT0S": 0, "PT45S": 45, "PT1M": 60, "PT1H30M": 5400, "P1D": 86400}
	for text, seconds := range valid {
		if got, err := ParseDuration(text); err != nil || got.Seconds() != seconds {
			t.Errorf("%q: got %v, %v; want %v s", text, got, err, seconds)
		}
	}
	for _, text := range []string{"", "P", "PT", "1H", "PT1", "PT1H30", "P1DT"} {
		if _, err := ParseDuration(text); err == nil {
			t.Errorf("%q was not refused", text)
		}
	}
}`,
    },
  },
  {
    words: /\b8601\b|\bdurations?\b/i,
    title: 'parses an ISO 8601 duration into seconds',
    says: 'Days to seconds are supported; weeks, months and years are refused, since months and years have no fixed length. What could go wrong: P1M (month) and PT1M (minute) are easily mixed up.',
    code: {
      typescript: `const form = /^P(?=.)(?:(\\d+)D)?(?:T(?=.)(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+(?:\\.\\d+)?)S)?)?$/

export function parseDuration(text: string): number {
  const parts = form.exec(text)
  if (!parts) throw new RangeError(\`Not an ISO 8601 duration of days to seconds: \${text}\`)
  const [days, hours, minutes, seconds] = parts.slice(1).map(part => Number(part ?? 0))
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
}`,
      javascript: `const form = /^P(?=.)(?:(\\d+)D)?(?:T(?=.)(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+(?:\\.\\d+)?)S)?)?$/

function parseDuration(text) {
  const parts = form.exec(text)
  if (!parts) throw new RangeError(\`Not an ISO 8601 duration of days to seconds: \${text}\`)
  const [days, hours, minutes, seconds] = parts.slice(1).map(part => Number(part ?? 0))
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
}`,
      python: `import re

FORM = re.compile(r"P(?=.)(?:(\\d+)D)?(?:T(?=.)(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+(?:\\.\\d+)?)S)?)?")


def parse_duration(text: str) -> float:
    parts = FORM.fullmatch(text)
    if parts is None:
        raise ValueError(f"not an ISO 8601 duration of days to seconds: {text!r}")
    days, hours, minutes, seconds = (float(part or 0) for part in parts.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds`,
      csharp: `// Months and years are accepted too, as 30 and 365 days; refuse them first if that is not wanted.
static TimeSpan ParseDuration(string text) => XmlConvert.ToTimeSpan(text);`,
      go: `var form = regexp.MustCompile(\`^P(?:(\\d+)D)?(?:T(?:(\\d+)H)?(?:(\\d+)M)?(?:(\\d+)S)?)?$\`)

func ParseDuration(text string) (time.Duration, error) {
	parts := form.FindStringSubmatch(text)
	if parts == nil || strings.HasSuffix(text, "P") || strings.HasSuffix(text, "T") {
		return 0, fmt.Errorf("not an ISO 8601 duration of days to seconds: %q", text)
	}
	var total time.Duration
	for at, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		count, _ := strconv.Atoi(parts[at+1])
		total += time.Duration(count) * unit
	}
	return total, nil
}`,
    },
  },
  {
    words: /\bretr(?:y|ies|ying)\b|back-?off/i,
    title: 'retries a call with back-off',
    says: 'The pause doubles with each attempt and varies a little, so that many clients do not come back at the same moment.',
    code: {
      typescript: `export async function retry<T>(call: () => Promise<T>, attempts = 4, baseMs = 500): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call()
    } catch (error) {
      if (attempt >= attempts) throw error
      const pauseMs = baseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  }
}

const response = await retry(async () => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  // 4xx will not get better by repeating, except 429.
  if (answer.status === 429 || answer.status >= 500) throw new Error(\`HTTP \${answer.status}\`)
  return answer
})`,
      javascript: `async function retry(call, attempts = 4, baseMs = 500) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await call()
    } catch (error) {
      if (attempt >= attempts) throw error
      const pauseMs = baseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2)
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
  }
}

const response = await retry(async () => {
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) })
  // 4xx will not get better by repeating, except 429.
  if (answer.status === 429 || answer.status >= 500) throw new Error(\`HTTP \${answer.status}\`)
  return answer
})`,
      python: `def retry(call, attempts=4, base=0.5):
    for attempt in range(attempts):
        try:
            return call()
        except ConnectionError:
            if attempt == attempts - 1:
                raise
            time.sleep(base * 2 ** attempt * random.uniform(0.5, 1))`,
      csharp: `static async Task<T> Retry<T>(Func<Task<T>> call, int attempts = 4)
{
    for (var attempt = 1; ; attempt++)
    {
        try { return await call(); }
        catch (HttpRequestException) when (attempt < attempts)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Pow(2, attempt) * (0.5 + Random.Shared.NextDouble() / 2)));
        }
    }
}`,
      go: `func Retry(ctx context.Context, attempts int, call func() error) error {
	pause := 500 * time.Millisecond
	for attempt := 1; ; attempt++ {
		err := call()
		if err == nil || attempt >= attempts {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause/2 + rand.N(pause/2)):
			pause *= 2
		}
	}
}`,
    },
  },
  {
    words: /debounc|throttl(?:e|ing) (?:function|calls)/i,
    title: 'delays a call until things are quiet',
    says: 'Each call restarts the timer, so only the last one within the pause runs. What could go wrong: a pending call still fires after the component is gone, so cancel it there.',
    code: {
      typescript: `export function debounce<A extends unknown[]>(call: (...args: A) => void, pauseMs: number) {
  let timer: ReturnType<typeof setTimeout> | undefined
  const debounced = (...args: A): void => {
    clearTimeout(timer)
    timer = setTimeout(() => call(...args), pauseMs)
  }
  return Object.assign(debounced, { cancel: () => clearTimeout(timer) })
}`,
      javascript: `function debounce(call, pauseMs) {
  let timer
  const debounced = (...args) => {
    clearTimeout(timer)
    timer = setTimeout(() => call(...args), pauseMs)
  }
  return Object.assign(debounced, { cancel: () => clearTimeout(timer) })
}`,
      python: `import threading


def debounce(call, pause_seconds):
    timer = None

    def debounced(*args):
        nonlocal timer
        if timer is not None:
            timer.cancel()
        timer = threading.Timer(pause_seconds, call, args)
        timer.start()

    return debounced`,
      csharp: `static Action<T> Debounce<T>(Action<T> call, TimeSpan pause)
{
    CancellationTokenSource? pending = null;
    return async value =>
    {
        pending?.Cancel();
        var mine = pending = new CancellationTokenSource();
        try { await Task.Delay(pause, mine.Token); call(value); }
        catch (TaskCanceledException) { }
    };
}`,
      go: `func Debounce(pause time.Duration, call func()) func() {
	var mutex sync.Mutex
	var timer *time.Timer
	return func() {
		mutex.Lock()
		defer mutex.Unlock()
		if timer != nil {
			timer.Stop()
		}
		timer = time.AfterFunc(pause, call)
	}
}`,
    },
  },
  {
    words: /rate.?limit|token bucket|limiter/i,
    title: 'limits the rate of calls with a token bucket',
    says: 'The bucket refills steadily and allows short bursts up to its size. What could go wrong: with several replicas each has a bucket of its own, so keep the count in Redis then.',
    code: {
      typescript: `export function rateLimiter(perSecond: number, burst: number, now: () => number = performance.now.bind(performance)) {
  let tokens = burst
  let lastMs = now()
  return function allow(): boolean {
    const nowMs = now()
    tokens = Math.min(burst, tokens + ((nowMs - lastMs) / 1000) * perSecond)
    lastMs = nowMs
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}`,
      javascript: `function rateLimiter(perSecond, burst, now = () => performance.now()) {
  let tokens = burst
  let lastMs = now()
  return function allow() {
    const nowMs = now()
    tokens = Math.min(burst, tokens + ((nowMs - lastMs) / 1000) * perSecond)
    lastMs = nowMs
    if (tokens < 1) return false
    tokens -= 1
    return true
  }
}`,
      python: `import time


class Limiter:
    def __init__(self, per_second: float, burst: float):
        self.per_second, self.burst = per_second, burst
        self.tokens, self.last = burst, time.monotonic()

    def allow(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.last) * self.per_second)
        self.last = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True`,
      csharp: `// In System.Threading.RateLimiting: nothing to write yourself.
var limiter = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
{
    TokenLimit = 20, TokensPerPeriod = 10, ReplenishmentPeriod = TimeSpan.FromSeconds(1), QueueLimit = 0,
});
using var lease = limiter.AttemptAcquire();
if (!lease.IsAcquired) return Results.StatusCode(429);`,
      go: `type Limiter struct {
	mutex     sync.Mutex
	perSecond float64
	burst     float64
	tokens    float64
	last      time.Time
}

func (l *Limiter) Allow() bool {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	now := time.Now()
	l.tokens = min(l.burst, l.tokens+now.Sub(l.last).Seconds()*l.perSecond)
	l.last = now
	if l.tokens < 1 {
		return false
	}
	l.tokens--
	return true
}`,
    },
  },
  {
    words: /\b(?:guid|uuid)s?\b/i,
    title: 'recognises a GUID',
    says: 'It does not check whether the GUID exists anywhere, nor its version and variant digits: the all-zero GUID passes as well. It also refuses braces and the form without hyphens, which some systems write.',
    code: {
      typescript: `const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isGuid = (text: string): boolean => guid.test(text)`,
      javascript: `const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const isGuid = text => guid.test(text)`,
      python: `import re

GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def is_guid(text: str) -> bool:
    return GUID.fullmatch(text) is not None`,
      csharp: `static bool IsGuid(string text) => Guid.TryParseExact(text, "D", out _);`,
      go: `var guid = regexp.MustCompile(\`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$\`)

func IsGUID(text string) bool { return guid.MatchString(text) }`,
      sql: `SELECT id
FROM imports
WHERE id !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$';`,
    },
  },
]
