import { html, render, type TemplateResult } from 'lit';
import type { Parlour } from 'parlour-client';
import './chooser.ts';
import './failure.ts';
import { type Config, loadConfig } from './config.ts';
import { markDocument, setLanguage, t } from './locale.ts';
import { connect, type Person, Persons } from './session.ts';

export interface Page {
  name: string;
  people: readonly Person[];
  show(parlour: Parlour, config: Config): TemplateResult;
}

/** Reads the configuration, finds out who is here, and shows the page. */
export async function boot(page: Page): Promise<void> {
  // Both at once; what a failure says is in the browser's language.
  const language = setLanguage(navigator.languages);
  try {
    const config = await loadConfig();
    await language;
    if (config.language) await setLanguage([config.language]);
    markDocument(document.documentElement);
    const persons = new Persons(page.name, page.people);
    const person = config.tokenUrl ? null : persons.current();
    const start = (who: Person | null) => render(page.show(connect(config, who), config), document.body);
    if (config.tokenUrl || person) return void start(person);
    document.title = t('chooseTitle');
    const chosen = ({ detail }: CustomEvent<Person>) => start(detail);
    render(html`<ui-chooser .persons=${persons} @chosen=${chosen}></ui-chooser>`, document.body);
  } catch (error) {
    await language;
    markDocument(document.documentElement);
    document.title = t('errorConfig');
    const detail = error instanceof Error ? error.message : String(error);
    render(html`<main><ui-failure .detail=${detail}></ui-failure></main>`, document.body);
  }
}
