"""A submission on its way to Kaggle: what is sent, in what name, and what comes back."""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path

from convline.runtime.errors import UserError
from convline.runtime.git import COMPARED, changed_files, head
from convline.sources.kaggle_client import connect


@dataclass(frozen=True)
class Submission:
    """One file for one competition."""

    file: Path
    competition: str
    message: str

    @property
    def page(self) -> str:
        """The competition's address."""
        return f"https://www.kaggle.com/competitions/{self.competition}"

    def describe(self) -> str:
        """What is to be sent, and where to."""
        return f"to     {self.page}\nnamed  {self.message}"

    def send(self) -> str:
        """Send it; return Kaggle's answer.

        Raises:
            UserError: credentials, rules, name, network, or Kaggle refuses it.
        """
        said = io.StringIO()
        kept = f"{self.file} is kept: run the same command again"
        with connect(self.page, "submit to it", kept) as client, contextlib.redirect_stdout(said):
            # The bar of its upload goes to stderr.
            quiet = not sys.stderr.isatty()
            answer = client.competition_submit(
                str(self.file), self.message, self.competition, quiet
            )
        if answer.message == client.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
            # The client prints why, if it knows, and raises nothing.
            why = " ".join(said.getvalue().split()) or "its storage refuses the file"
            raise UserError(f"Kaggle: the upload failed ({why}). {kept}")
        return str(answer.message)


def commit() -> str:
    """The last commit, and whether what makes the model differs from it.

    Raises:
        UserError: there is no Git repository, or no commit.
    """
    return head() + " with changes" * bool(changed_files("HEAD", *COMPARED))
