"""Send a submission to Kaggle."""

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
    """A file to submit to a competition, and the message to show there."""

    file: Path
    competition: str
    message: str

    @property
    def page(self) -> str:
        """Return the address of the competition."""
        return f"https://www.kaggle.com/competitions/{self.competition}"

    def describe(self) -> str:
        """Return the competition and the message, in two lines."""
        return f"competition  {self.page}\nmessage      {self.message}"

    def send(self) -> str:
        """Send the file and return Kaggle's answer.

        Raises:
            UserError: the credentials, the competition's rules or name, or the network is wrong,
                or Kaggle refuses the file.
        """
        printed = io.StringIO()
        kept = f"{self.file} is kept: run the same command again"
        with (
            connect(self.page, "submit to it", kept) as client,
            contextlib.redirect_stdout(printed),
        ):
            # The progress bar of the upload is on stderr.
            quiet = not sys.stderr.isatty()
            answer = client.competition_submit(
                str(self.file), self.message, self.competition, quiet
            )
        if answer.message == client.COMPETITION_SUBMIT_UPLOAD_FAILED_MESSAGE:
            # The client prints the reason, if it has one, and does not raise.
            why = " ".join(printed.getvalue().split()) or "the storage refused the file"
            raise UserError(f"Kaggle: the upload failed ({why}). {kept}")
        return str(answer.message)


def commit() -> str:
    """Return the last commit, with "with changes" if files that determine the model differ.

    Raises:
        UserError: the folder is not in a Git repository with a commit.
    """
    return head() + " with changes" * bool(changed_files("HEAD", *COMPARED))
