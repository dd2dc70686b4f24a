/** The command of one task, as somebody would type it: with its values in quotes. */
import type { Job } from '../../kinds/command/job.ts'
import { fill, namesIn, type Template, variableOf } from '../../kinds/command/placeholders.ts'

/** `list`: the arguments that `{in}` stands for, where a task has several inputs. */
export function commandOf(
  run: Job['run'],
  values: Readonly<Record<string, string>>,
  list?: string | undefined,
): string {
  if ('argv' in run) {
    const isList = (template: Template) => list !== undefined && namesIn(template)[0] === 'in'
    return run.argv
      .map((template) => (isList(template) ? list : quote(shownName(template, values))))
      .join(' ')
  }
  const byVariable = new Map(
    Object.entries(values).map(([name, value]) => [variableOf(name), value]),
  )
  const variable = /"\$@"|"\$\{(TM_\w+)\}"|\$\{(TM_\w+)\}/g
  return run.script.replace(variable, (text, alone, inQuotes) => {
    if (text === '"$@"') return list ?? text
    const value = byVariable.get(alone ?? inQuotes)
    if (value === undefined) return text
    return alone === undefined ? value : quote(value)
  })
}

/** What only the worker knows stays a placeholder. */
export function shownName(template: Template, values: Readonly<Record<string, string>>): string {
  const unknown = namesIn(template).filter((name) => values[name] === undefined)
  return fill(template, {
    ...Object.fromEntries(unknown.map((name) => [name, `{${name}}`])),
    ...values,
  })
}

export function quote(text: string): string {
  return /^[\w./:=@%+,{}-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
