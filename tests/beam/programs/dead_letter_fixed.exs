defmodule News do
  def tell(to, text), do: send(to, {:news, text})
  def log(name, text), do: GenServer.cast(name, {:log, text})
end

defmodule Main do
  def run do
    Process.register(self(), Main)
    {listener, ref} = spawn_monitor(fn -> :ok end)
    receive do: ({:DOWN, ^ref, _, _, _} -> _ = listener)
    # Somebody is there.
    for n <- 1..3, do: News.tell(self(), "issue #{n}")
    News.log(Main, "sent")
    Process.sleep(5)
  end
end
