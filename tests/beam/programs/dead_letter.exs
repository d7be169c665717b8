defmodule News do
  def tell(to, text), do: send(to, {:news, text})
  def log(name, text), do: GenServer.cast(name, {:log, text})
end

defmodule Main do
  def run do
    Process.register(self(), Main)
    {listener, ref} = spawn_monitor(fn -> :ok end)
    receive do: ({:DOWN, ^ref, _, _, _} -> _ = listener)
    # BUG: the listener has left, and nobody is called :log.
    for n <- 1..3, do: News.tell(listener, "issue #{n}")
    News.log(:log, "sent")
    Process.sleep(5)
  end
end
