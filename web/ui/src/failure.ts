import { html, LitElement } from 'lit';
import { base, controls } from './base.ts';
import { t } from './locale.ts';
import { errorState, states } from './states.ts';

/** Instead of the page, where it cannot begin. */
class Failure extends LitElement {
  static override properties = { detail: {} };
  declare detail: string;
  static override styles = [base, controls, states];

  override render() {
    return errorState(html`<h1>${t('errorConfig')}</h1>`, this.detail, () => location.reload());
  }
}

customElements.define('ui-failure', Failure);
