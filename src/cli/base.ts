/**
 * The base of all commands: the cluster flag, `--json`, how errors are shown, and the only place that
 * reads the environment of this process.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Flags, ux } from '@oclif/core'
import type { Input, ParserOutput } from '@oclif/core/interfaces'
import chalk, { chalkStderr } from 'chalk'
import { errorCodes, type RenderedError, TmError } from '../core/errors.ts'
import type { Reporter } from '../core/progress.ts'
import type { Place } from '../core/suggestions.ts'
import type { Launcher } from '../provider/local/cluster/machines.ts'
import { useProxiesOf } from '../runtime/proxy.ts'
import { realPath } from '../runtime/real-path.ts'
import { locationOf } from '../state/cluster-location.ts'
import { type ClusterState, clusterState } from '../state/cluster-state.ts'
import { forgetEndedHost } from './cluster/forget-ended-host.ts'
import { happened } from './ending/ending.ts'
import { EndingCommand } from './ending/ending-command.ts'
import { asTmError, describeError } from './ending/errors.ts'
import { createReporter } from './output/progress.ts'
import { forTerminal } from './output/terminal.ts'
import { refuseValues } from './usage/usage-error.ts'

// chalk ignores NO_COLOR (no-color.org).
if (process.env.NO_COLOR) for (const stream of [chalk, chalkStderr]) stream.level = 0

export const clusterFlag = Flags.string({
  aliases: ['name'],
  default: 'default',
  env: 'TM_CLUSTER',
  description: 'name of the cluster',
  helpGroup: 'GLOBAL',
})

type Parsed = Record<string, unknown>

export abstract class TmCommand extends EndingCommand {
  static override enableJsonFlag = true
  static override baseFlags = { cluster: clusterFlag }

  /** For what shows something step by step. */
  protected showing() {
    return {
      reporter: this.reporter,
      print: (text: string) => this.log(text),
      showError: (error: TmError) => this.showError(error),
      onceWritten: (then: () => Promise<void>) => this.onceWritten(then),
    }
  }

  protected override async init(): Promise<void> {
    await super.init()
    const { NO_PROXY } = useProxiesOf(process.env)
    // Node's own fetch reads it again for each request, if NODE_USE_ENV_PROXY is set.
    if (process.env.NODE_USE_ENV_PROXY) Object.assign(process.env, { NO_PROXY, no_proxy: NO_PROXY })
  }

  /** Shows progress and messages on stderr. */
  protected get reporter(): Reporter {
    return createReporter({
      write: (text) => this.logToStderr(text),
      // A terminal that reports no width (`script`, some containers) can't be drawn on.
      animated: process.stderr.isTTY && process.stderr.columns > 0 && !this.jsonEnabled(),
      ...(process.stderr.columns > 0 ? { columns: process.stderr.columns } : {}),
    })
  }

  override log(text = ''): void {
    super.log(process.stdout.isTTY ? forTerminal(text) : text)
  }

  protected override logJson(json: unknown): void {
    const text = JSON.stringify(json, undefined, 2)
    ux.stdout(process.stdout.isTTY ? forTerminal(text) : text)
  }

  /** Works with `--json` too: only stdout is reserved for the JSON object. */
  override logToStderr(text = ''): void {
    ux.stderr(process.stderr.isTTY ? forTerminal(text) : text)
  }

  /** What this machine remembers of a cluster. The cluster may not exist. */
  protected clusterState(name: string): ClusterState {
    return clusterState(this.dataDir(), name)
  }

  /** Where this machine remembers its clusters. Nodes get this path, and start in another folder. */
  protected dataDir(): string {
    const { dataDir, home } = this.config
    if (dataDir.startsWith(home) && !existsSync(home)) throw noHome(home)
    return realPath(dataDir)
  }

  /** The environment of a local cluster's nodes and workers. Contains no secret. */
  protected machineEnvironment(dataDir = this.dataDir()): Record<string, string | undefined> {
    const { PATH, HOME, TMPDIR, LANG } = process.env
    return { PATH, HOME, TMPDIR, LANG, TM_DATA_DIR: dataDir }
  }

  /** What commands that run as work find in their environment. */
  protected commandEnvironment(): Record<string, string> {
    const { PATH = '/usr/local/bin:/usr/bin:/bin', HOME = '/' } = process.env
    return { PATH, HOME, LANG: 'C.UTF-8' }
  }

  /** The user's own environment, of which a command gets what `--env NAME` asks for. */
  protected ownEnvironment(): Readonly<Record<string, string | undefined>> {
    return process.env
  }

  /** The AWS region in the environment. The SDK reads the one in the profile. */
  protected ambientRegion(): string | undefined {
    const { AWS_REGION, AWS_DEFAULT_REGION } = process.env
    return AWS_REGION || AWS_DEFAULT_REGION || undefined
  }

  /** Where programs are looked for. */
  protected programPath(): string {
    return process.env.PATH ?? ''
  }

  /** How to start a node or worker of a local cluster. */
  protected launcher(): Launcher {
    return { command: this.machineCommand(), env: this.machineEnvironment() }
  }

  /** The command that starts this same `tm`. */
  protected machineCommand(): string[] {
    return [process.execPath, join(this.config.root, 'bin/run.js')]
  }

  /** Which cluster the user has named, for the commands that an error suggests. */
  private place: Place = {}

  protected override async parse<F extends Parsed, B extends Parsed, A extends Parsed>(
    options?: Input<F, B, A>,
    argv?: string[],
  ): Promise<ParserOutput<F, B, A>> {
    refuseValues(argv ?? this.argv, { ...this.ctor.baseFlags, ...this.ctor.flags })
    const parsed = await super.parse(options, argv)
    const { cluster, region, profile } = parsed.flags as Place
    this.place = {
      ...(this.id === undefined ? {} : { command: this.id.replaceAll(':', ' ') }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(region === undefined ? {} : { region }),
      ...(profile === undefined ? {} : { profile }),
    }
    if (cluster !== undefined) await this.forgetEndedHost(cluster)
    return parsed
  }

  /** Whatever is wrong with the cluster or its name is for the command to say, if it needs them. */
  private async forgetEndedHost(cluster: string): Promise<void> {
    try {
      await forgetEndedHost(this.clusterState(cluster))
    } catch {}
  }

  protected override shownPlace(): Place {
    return { ...this.place, local: this.isLocal() }
  }

  /** Whether the user has named a cluster of this machine. Never adds an error to the one to show. */
  private isLocal(): boolean {
    try {
      const { cluster, region } = this.place
      if (cluster === undefined || region !== undefined) return false
      return locationOf(this.clusterState(cluster)) === 'local'
    } catch {
      return false
    }
  }

  /** Shows an error that does not end the command, and returns it for `--json`. */
  protected showError(error: TmError): RenderedError {
    const rendered = error.render(this.place)
    if (!this.jsonEnabled()) this.logToStderr(describeError(rendered))
    return rendered
  }

  protected override async catch(thrown: Error & { exitCode?: number }): Promise<never> {
    const error = asTmError(thrown)
    const rendered = error.render(this.shownPlace())
    if (this.jsonEnabled() && !happened.outputError) this.logJson({ error: rendered })
    else this.logToStderr(describeError(rendered))
    return this.exit(errorCodes[error.code].exit)
  }
}

function noHome(home: string): TmError {
  const message = `tm keeps its files in your home directory, and ${home} does not exist`
  return new TmError('failed', message, {
    suggestions: ['Name another directory: TM_DATA_DIR=DIRECTORY'],
  })
}
