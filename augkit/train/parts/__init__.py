"""Parts of a data set: which picture is learnt from, chooses or is reported on, and what is known of each before."""
