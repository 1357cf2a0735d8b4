"""`angkut bins`: their labels, and their places as phones saw them."""

import csv
import sys
from pathlib import Path
from urllib.parse import urlsplit

import click

from angkut_backend.claims.service import measured_places
from angkut_backend.registry.labels import labels as find_labels
from angkut_infra.cli.context import database, settings
from angkut_infra.labels import pdf, svg
from angkut_infra.labels.sheet import sheets

_LOCAL = {"localhost", "127.0.0.1", "::1"}


@click.group()
def bins() -> None:
    """Bins: print their labels, and where they were found to stand."""


@bins.command()
def places() -> None:
    """Print where phones were when sensors were mounted, as CSV.

    The registered places stay as the site pack says, for it is what `angkut site load` makes the
    database say. These are for mending its bins.csv: look at accuracy_m and distance_m first.

    \b
    Example:
      angkut bins places > measured.csv
    """
    with database() as conn:
        rows = measured_places(conn)
    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(["code", "lon", "lat", "accuracy_m", "distance_m", "measured_at", "by"])
    for row in rows:
        accuracy = "" if row["accuracy_m"] is None else f"{row['accuracy_m']:.0f}"
        lines.writerow(
            [
                row["code"],
                f"{row['lon']:.6f}",
                f"{row['lat']:.6f}",
                accuracy,
                f"{row['distance_m']:.0f}",
                f"{row['made_at']:%Y-%m-%dT%H:%M:%SZ}",
                row["actor"],
            ]
        )


@bins.command()
@click.argument("codes", metavar="[BIN]...", nargs=-1)
@click.option("--area", help="All bins of a kelurahan: its name or Kemendagri code.")
@click.option("--all", "all_", is_flag=True, help="All bins.")
@click.option("--page-url", help="Address of the page, as phones reach it. Default: page_url.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="File to write: .pdf, or .svg (a file for each sheet when there are several).",
)
def labels(
    codes: tuple[str, ...], area: str | None, page_url: str | None, output: Path, *, all_: bool
) -> None:
    """Print labels with QR codes on A4 sheets, ten on each.

    The QR code opens the page where a technician mounts the sensor of that bin. Below the bin's
    code stands a short one with a check character, to be typed where nothing can be scanned.

    \b
    Examples:
      angkut bins labels --area Margahayu -o labels.pdf
      angkut bins labels BKS-BT-0241 BKS-BT-0242 -o two.svg
    """
    if (bool(codes), area is not None, all_).count(True) != 1:
        raise click.UsageError("name bins, or choose one of --area and --all")
    kind = output.suffix.lower()
    if kind not in {".pdf", ".svg"}:
        raise click.BadParameter("must end in .pdf or .svg", param_hint="--output")
    url = _page_url(page_url)
    with database() as conn:
        found = find_labels(conn, area=area, codes=codes or None)
    pages = list(sheets(found, url))
    if kind == ".pdf":
        output.write_bytes(pdf.render(pages))
        written = [output]
    else:
        several = len(pages) > 1
        written = [
            output.with_stem(f"{output.stem}-{number}") if several else output
            for number in range(1, len(pages) + 1)
        ]
        for path, page in zip(written, pages, strict=True):
            path.write_text(svg.render(page), encoding="utf-8")
    click.echo(f"{len(found)} labels on {len(pages)} sheets: {', '.join(map(str, written))}")


def _page_url(given: str | None) -> str:
    url = given or settings().page_url
    if url is None:
        raise click.UsageError(
            "where is the page? Give --page-url https://..., or set page_url or ANGKUT_PAGE_URL"
        )
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
        raise click.BadParameter(
            f"{url} is no address such as https://angkut.example.go.id", param_hint="--page-url"
        )
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        click.secho(
            "without https a browser gives the page neither position nor camera",
            fg="yellow",
            err=True,
        )
    elif parts.hostname in _LOCAL:
        click.secho(f"{url} leads nowhere on a phone; good for a try only", fg="yellow", err=True)
    return url
