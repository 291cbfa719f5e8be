"""The Faust application that scores every record of its sources, exactly once."""
