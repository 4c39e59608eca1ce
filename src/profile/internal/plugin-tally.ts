import type { Verdict } from '../conditions.ts';
import { AWS_IAM_PLUGIN } from '../decode-plugins.ts';
import { type PluginResult, pluginResults } from '../metrics.data.ts';
import type { Metrics } from '../ports.ts';
import { reasons } from '../reasons.data.ts';

/** How many profiles have the plugin, by what became of it: a gauge for alerts, which counters of changes cannot give. */
export class PluginTally {
  readonly #metrics: Metrics;
  readonly #results = new Map<string, PluginResult>();

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** What AwsIamReady says of a profile now. */
  saw(profile: string, { reason }: Verdict): void {
    const { kind } = reasons[reason];
    const result = reason === 'NoPlugin' ? undefined : kind === 'ok' ? 'ready' : kind === 'error' ? 'failed' : 'waiting';
    this.#set(profile, result);
  }

  forget(profile: string): void {
    this.#set(profile, undefined);
  }

  /** Whoever does not lead any more counts nothing. */
  clear(): void {
    this.#results.clear();
    this.#tell();
  }

  #set(profile: string, result: PluginResult | undefined): void {
    if (this.#results.get(profile) === result) return;
    if (result === undefined) this.#results.delete(profile);
    else this.#results.set(profile, result);
    this.#tell();
  }

  #tell(): void {
    const counts = new Map<PluginResult, number>(pluginResults.map((result) => [result, 0]));
    for (const result of this.#results.values()) counts.set(result, (counts.get(result) ?? 0) + 1);
    for (const [result, count] of counts) this.#metrics.set('podrole_profiles', { plugin: AWS_IAM_PLUGIN, result }, count);
  }
}
