"""Write report/images.html, a page to look at before training."""

import io
from pathlib import Path

from convline.images.contact_sheet import draw_rows
from convline.inspection.plan import Plan
from convline.inspection.plan_text import findings
from convline.reporting.html import data_uri, render
from convline.runtime.files import fresh_file

PAGE = Path("report/images.html")
MOST_CLASSES = 100  # rows of the table
CAPTION = 20  # characters


def write_page(plan: Plan, path: Path = PAGE) -> Path:
    """Write the page, and return its path."""
    path.parent.mkdir(exist_ok=True)
    with fresh_file(path) as partial:
        partial.write_text(render("images.html", _context(plan)), encoding="utf-8")
    return path


def _context(plan: Plan) -> dict[str, object]:
    counts = plan.found.counts.most_common()
    most = counts[0][1]
    rows = [(label[:CAPTION], images) for label, images in plan.pictures.items()]
    sheet = io.BytesIO()
    draw_rows(rows).save(sheet, "PNG")
    return {
        "name": plan.name,
        "images": plan.found.counts.total(),
        "classes": [(name, count, 100 * count / most) for name, count in counts[:MOST_CLASSES]],
        "more": max(0, len(counts) - MOST_CLASSES),
        "shown": len(rows),
        "total": len(counts),
        "sheet": data_uri(sheet.getvalue(), "png"),
        "findings": list(findings(plan)),
        "choices": [(x.show(), x.reason) for x in plan.choices],
        "cost": plan.cost.describe() if plan.cost else None,
    }
