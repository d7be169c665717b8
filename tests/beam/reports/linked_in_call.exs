# A request waits in a call when the process it is linked to crashes: it neither gave up nor raised anything.
defmodule Back do
  use GenServer
  def start, do: GenServer.start(__MODULE__, nil, name: __MODULE__)
  def get(n), do: GenServer.call(__MODULE__, {:get, n}, 1000)
  @impl true
  def init(_), do: {:ok, 0}
  @impl true
  def handle_call({:get, n}, _from, s), do: (Process.sleep(if n == 5, do: 60, else: 2); {:reply, n, s + 1})
end
defmodule Socket do
  def open(owner), do: spawn(fn -> Process.link(owner); serve() end)
  def serve do
    receive do
      {:bytes, b} -> (decode(b); serve())
    end
  end
  def decode(<<1, rest::binary>>), do: byte_size(rest)
end
defmodule Request do
  def start(n), do: spawn_monitor(fn -> run(n) end)
  def run(n) do
    s = Socket.open(self())
    send(s, {:bytes, <<1, 2, 3>>})
    if n == 5, do: Process.send_after(s, {:bytes, <<9>>}, 20)
    answer(Back.get(n))
  end
  def answer(n), do: {:ok, n}
end
defmodule Main do
  def run do
    Back.start()
    for n <- 1..6 do
      {pid, ref} = Request.start(n)
      receive do: ({:DOWN, ^ref, _, ^pid, why} -> if(why != :normal, do: IO.inspect(why, limit: 4)))
    end
    Process.sleep(80)
  end
end
