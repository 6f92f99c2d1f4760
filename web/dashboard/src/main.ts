import { html } from 'lit';
import { boot } from 'parlour-ui/boot.ts';
import { demoPeople } from './demo-people.ts';
import './desk-app.ts';

void boot({
  name: 'desk',
  people: demoPeople,
  show: (parlour, config) => html`<desk-app .parlour=${parlour} .config=${config}></desk-app>`,
});
