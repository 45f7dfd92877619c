/// The page's only script: its tables sort by a click on a column's head, and search by name. Without it they are complete and stay as they are.
enum ReportScript {
    /// SHA-256 of `text`, base64: what the page's policy lets run. A test says the right one when the text was changed.
    static let hash = "1dp2vXgLeD1mYTbfAjPO23htUqLwi5BV3x7lz799nsE="

    static let text: HTML = #"""
        'use strict';
        const valueOf = cell => cell.dataset.v !== undefined ? Number(cell.dataset.v)
          : Number(cell.textContent.replace(/,/g, '').replace('\u2212', '-').replace('\u2013', 'none'));
        const order = new Intl.Collator();
        for (const part of document.querySelectorAll('[data-table]')) {
          const body = part.querySelector('tbody');
          const heads = [...part.querySelectorAll('thead th')];
          const rows = [...body.rows];
          heads.forEach((head, at) => {
            const isNumber = head.classList.contains('n');
            const button = document.createElement('button');
            button.type = 'button';
            button.append(...head.childNodes);
            head.append(button);
            button.addEventListener('click', () => {
              const was = head.getAttribute('aria-sort');
              const up = was ? was === 'descending' : !isNumber;
              for (const other of heads) other.removeAttribute('aria-sort');
              head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
              const keyed = rows.map(row => [isNumber ? valueOf(row.cells[at]) : row.cells[at].textContent, row]);
              keyed.sort(([a], [b]) => {
                if (!isNumber) return up ? order.compare(a, b) : order.compare(b, a);
                if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
                return up ? a - b : b - a;
              });
              body.append(...keyed.map(([, row]) => row));
            });
          });
          const filter = part.querySelector('.filter');
          const input = filter.querySelector('input'), output = filter.querySelector('output');
          const names = rows.map(row => row.cells[0].textContent.toLowerCase());
          filter.hidden = false;
          input.addEventListener('input', () => {
            const wanted = input.value.trim().toLowerCase();
            let shown = 0;
            rows.forEach((row, at) => {
              row.hidden = !names[at].includes(wanted);
              if (!row.hidden) shown += 1;
            });
            output.textContent = wanted ? shown.toLocaleString('en') + ' of ' + rows.length.toLocaleString('en') + ' rows' : '';
          });
        }
        """#
}
