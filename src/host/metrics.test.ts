import { expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';

it('shows every combination of labels at zero from the start', async () => {
  const metrics = createMetrics();
  const decisions = metrics.counter({
    name: 'podrole_decisions_total',
    help: 'Decisions.',
    labels: { verdict: ['patched', 'skipped'], reason: ['none', 'no-role'] },
  });
  decisions.inc({ verdict: 'patched', reason: 'none' });
  decisions.add(2, { verdict: 'skipped', reason: 'no-role' });
  expect(await metrics.expose()).toBe(
    [
      '# HELP podrole_decisions_total Decisions.',
      '# TYPE podrole_decisions_total counter',
      'podrole_decisions_total{verdict="patched",reason="none"} 1',
      'podrole_decisions_total{verdict="patched",reason="no-role"} 0',
      'podrole_decisions_total{verdict="skipped",reason="none"} 0',
      'podrole_decisions_total{verdict="skipped",reason="no-role"} 2',
      '',
    ].join('\n'),
  );
});

it('has gauges that are set and gauges that are read at the scrape', async () => {
  const metrics = createMetrics();
  metrics.gauge({ name: 'podrole_set', help: 'Set.' }).set(7);
  let size = 1;
  metrics.gauge({ name: 'podrole_read', help: 'Read.', labels: { queue: ['a', 'b'] }, read: ({ queue }) => (queue === 'a' ? size : -1) });
  size = 5;
  const text = await metrics.expose();
  expect(text).toContain('podrole_set 7\n');
  expect(text).toContain('podrole_read{queue="a"} 5\npodrole_read{queue="b"} -1\n');
});

it('has histograms that are there before the first observation', async () => {
  const metrics = createMetrics();
  const took = metrics.histogram({ name: 'podrole_took_seconds', help: 'Took.', buckets: [0.1, 1], labels: { path: ['/mutate'] } });
  expect(await metrics.expose()).toContain('podrole_took_seconds_count{path="/mutate"} 0');
  took.observe(0.5, { path: '/mutate' });
  expect(await metrics.expose()).toContain('podrole_took_seconds_bucket{le="1",path="/mutate"} 1');
});

it('answers a scrape with the content type of the format', async () => {
  const metrics = createMetrics();
  metrics.withProcessMetrics();
  const answer = await metrics.handle(new Request('http://x/metrics'));
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await answer.text()).toContain('process_resident_memory_bytes');
});
