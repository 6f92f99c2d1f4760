import { css, html, LitElement, type PropertyValues } from 'lit';
import type { Parlour, ReportedMessage, ReportState } from 'parlour-client';
import { ask } from 'parlour-ui/ask.ts';
import { base, controls } from 'parlour-ui/base.ts';
import { dateAndTime } from 'parlour-ui/dates.ts';
import { t } from 'parlour-ui/locale.ts';
import { emptyState, errorState, skeletons, states } from 'parlour-ui/states.ts';
import { attempt } from 'parlour-ui/toast.ts';

/** What people reported, for agents to see to. */
class Reports extends LitElement {
  static override properties = {
    parlour: { attribute: false },
    state: { state: true },
    reports: { state: true },
    next: { state: true },
    error: { state: true },
  };
  declare parlour: Parlour;
  declare state: ReportState;
  declare reports: readonly ReportedMessage[] | null;
  declare next: string | null;
  declare error: string | null;

  static override styles = [
    base,
    controls,
    states,
    css`
      :host {
        height: 100%;
        overflow-y: auto;
        background: var(--canvas);
      }
      section {
        max-width: 760px;
        margin: 0 auto;
        padding: 24px 20px 40px;
      }
      h2 {
        font-size: 21px;
        letter-spacing: -0.02em;
      }
      .choice {
        display: flex;
        gap: 8px;
        margin: 14px 0 18px;
      }
      .choice .button[aria-pressed='true'] {
        background: var(--accent-fill);
        color: var(--on-accent);
      }
      article {
        padding: 18px 20px;
        border: 1px solid var(--line);
        border-radius: 16px;
        background: var(--surface);
      }
      article + article {
        margin-top: 12px;
      }
      blockquote {
        margin: 10px 0;
        padding: 8px 14px;
        border-inline-start: 3px solid var(--line-strong);
        border-radius: 8px;
        background: var(--fill);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .quiet {
        font-size: 13px;
        color: var(--muted);
        overflow-wrap: anywhere;
      }
      .reason {
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
      .state {
        height: auto;
        padding: 72px 24px;
      }
      article .button {
        margin-top: 12px;
      }
    `,
  ];

  constructor() {
    super();
    this.state = 'open';
    this.reports = null;
    this.next = null;
    this.error = null;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('parlour')) void this.#load('open');
  }

  override render() {
    return html`<section>
      <h2>${t('reports')}</h2>
      <div class="choice">${this.#choice('open', t('openReports'))} ${this.#choice('resolved', t('resolved'))}</div>
      ${this.#content()}
    </section>`;
  }

  #choice(state: ReportState, label: string) {
    return html`<button class="button" aria-pressed=${String(this.state === state)} @click=${() => this.#load(state)}>${label}</button>`;
  }

  #content() {
    if (this.error) return errorState(t('errorList'), this.error, () => void this.#load(this.state));
    if (!this.reports) return skeletons(3);
    if (this.reports.length === 0) return emptyState('flag', t('reportsEmpty'), t('reportsEmptyText'));
    return html`
      ${this.reports.map((report) => this.#row(report))}
      ${this.next ? html`<p><button class="button" @click=${() => this.#more()}>${t('more')}</button></p>` : ''}
    `;
  }

  #row(report: ReportedMessage) {
    const who = report.reporter_account ?? report.reporter_id;
    return html`<article>
      <p class="reason" dir="auto"><strong>${report.reason}</strong></p>
      <p class="quiet">${t('reportedBy', { name: who })} · ${dateAndTime(new Date(report.created_at))}</p>
      <blockquote dir="auto">${report.body ?? t('deleted')}</blockquote>
      <p class="quiet" dir="auto">${report.sender_id}</p>
      ${
        report.state === 'open'
          ? html`<button class="button" @click=${() => this.#resolve(report)}>${t('resolve')}</button>`
          : html`<p class="quiet">${t('resolvedBy', { name: report.resolved_by ?? '' })}${report.note ? html` · <bdi>${report.note}</bdi>` : ''}</p>`
      }
    </article>`;
  }

  async #load(state: ReportState): Promise<void> {
    this.state = state;
    this.error = null;
    try {
      const page = await this.parlour.reports.list(state);
      if (state !== this.state) return;
      this.reports = page.reports;
      this.next = page.next ?? null;
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
    }
  }

  async #more(): Promise<void> {
    await attempt(async () => {
      const page = await this.parlour.reports.list(this.state, this.next ?? undefined);
      this.reports = [...(this.reports ?? []), ...page.reports];
      this.next = page.next ?? null;
    });
  }

  async #resolve(report: ReportedMessage): Promise<void> {
    const field = { label: t('note'), isLong: true, maxLength: 1_000 };
    const note = await ask({ title: t('resolve'), confirm: t('resolve'), field });
    if (note === null) return;
    const done = await attempt(() => this.parlour.reports.resolve(report.id, note || undefined));
    if (done) this.reports = this.reports?.filter((it) => it.id !== report.id) ?? null;
  }
}

customElements.define('desk-reports', Reports);
